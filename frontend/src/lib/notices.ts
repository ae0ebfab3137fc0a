// Short messages at the edge of the page, each with at most one thing to do about it.

export interface Notice {
  id: number;
  text: string;
  kind: "info" | "problem";
  action?: { label: string; run(): void };
  /** When it goes away without having been acted on. */
  onGone?: () => void;
}

type Listener = () => void;

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
    // A problem is said once, however many requests met it.
    const isSaid = ({ kind, text }: Notice) => kind === "problem" && text === notice.text;
    if (this.#notices.some(isSaid)) return;
    this.#set([...this.#notices, { ...notice, id: this.#next++ }]);
  }

  /** Does what the notice offers instead of what happens without. */
  act(notice: Notice): void {
    this.#set(this.#notices.filter(({ id }) => id !== notice.id));
    notice.action?.run();
  }

  close(notice: Notice): void {
    if (!this.#notices.includes(notice)) return;
    this.#set(this.#notices.filter(({ id }) => id !== notice.id));
    notice.onGone?.();
  }

  closeAll(): void {
    for (const notice of this.#notices) this.close(notice);
  }

  #set(notices: readonly Notice[]): void {
    this.#notices = notices;
    for (const listener of this.#listeners) listener();
  }
}

export const notices = new Notices();
