// Short notices at the edge of the page, each with at most one action.

export interface Action {
  label: string;
  run(): void;
  /** Whether the action undoes a change by the user. */
  isUndo?: boolean;
  /** Id of the element that is focused afterwards. */
  focus?: string;
}

export interface Notice {
  id: number;
  text: string;
  kind: "info" | "problem";
  action?: Action;
  /** Called when the notice is closed without its action. Not called by `forgetAll`. */
  onGone?: () => void;
}

type Listener = () => void;

/** Maximum number of notices, as more would cover the page. */
const MOST = 4;

export class Notices {
  #notices: readonly Notice[] = [];
  #next = 1;
  readonly #listeners = new Set<Listener>();

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly list = (): readonly Notice[] => this.#notices;

  show(notice: Omit<Notice, "id">): void {
    // Several requests may fail with the same problem, which is displayed only once.
    const isSaid = ({ kind, text }: Notice) => kind === "problem" && text === notice.text;
    if (this.#notices.some(isSaid)) return;
    this.#set([...this.#notices, { ...notice, id: this.#next++ }]);
    const oldest = this.#notices[0];
    if (oldest && this.#notices.length > MOST) this.close(oldest);
  }

  /** Removes a notice and performs its action, without calling `onGone`. */
  act(notice: Notice): void {
    this.#set(this.#notices.filter(({ id }) => id !== notice.id));
    notice.action?.run();
  }

  /** Undoes the last change that can be undone, and returns its notice, if there is one. */
  undoLast(): Notice | undefined {
    const last = this.#notices.findLast(({ action }) => action?.isUndo);
    if (last) this.act(last);
    return last;
  }

  close(notice: Notice): void {
    if (!this.#notices.includes(notice)) return;
    this.#set(this.#notices.filter(({ id }) => id !== notice.id));
    notice.onGone?.();
  }

  /** Closes the notices with one of these texts, which are no longer true. */
  retract(...texts: string[]): void {
    for (const notice of this.#notices) if (texts.includes(notice.text)) this.close(notice);
  }

  closeAll(): void {
    for (const notice of this.#notices) this.close(notice);
  }

  /** Removes all notices without running their callbacks. */
  forgetAll(): void {
    this.#set([]);
  }

  #set(notices: readonly Notice[]): void {
    this.#notices = notices;
    for (const listener of this.#listeners) listener();
  }
}

export const notices = new Notices();
