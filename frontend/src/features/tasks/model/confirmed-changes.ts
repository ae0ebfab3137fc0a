// Applies changes confirmed by the server to the cache. A response that was generated before a
// change may arrive after its confirmation, so the change is applied to that response as well.

import type { Query, QueryClient, QueryKey } from "@tanstack/react-query";
import { keys, VIEW } from "../../../lib/query-keys";
import type { Task } from "./task";
import { has, type Listing, newest, withAdded, withReplaced, withUnknownTotal } from "./task-cache";
import { matches, matchesFilter, type View } from "./task-view";

type Change = { kind: "created" | "changed"; task: Task } | { kind: "deleted"; id: string };

export class ConfirmedChanges {
  /** The changes confirmed since the last time that no request was in flight. */
  #recent: Change[] = [];
  /** Length of `#recent` when the request in flight was sent, by the hash of the query. */
  readonly #requests = new Map<string, number>();

  constructor(private readonly client: QueryClient) {
    client.getQueryCache().subscribe((event) => {
      const { query, type } = event;
      if (!isOfTasks(query.queryKey)) return;
      if (type === "removed") this.#end(query);
      if (type !== "updated") return;
      if (event.action.type === "success" && !event.action.manual) this.#complete(query);
      else if (query.state.fetchStatus === "idle") this.#end(query);
      else this.#start(query);
    });
  }

  created(task: Task): void {
    this.#add({ kind: "created", task });
  }

  changed(task: Task): void {
    this.#add({ kind: "changed", task });
    this.client.setQueryData<Task>(keys.task(task.id), task);
  }

  deleted(id: string): void {
    this.#add({ kind: "deleted", id });
    this.client.removeQueries({ queryKey: keys.task(id) });
  }

  #add(change: Change): void {
    if (this.#requests.size > 0) this.#recent.push(change);
    for (const { queryKey } of this.client.getQueryCache().findAll({ queryKey: keys.listings })) {
      this.#applyToListing(queryKey, change, (_known, task) => task);
    }
  }

  #start({ queryHash }: Query): void {
    if (!this.#requests.has(queryHash)) this.#requests.set(queryHash, this.#recent.length);
  }

  #complete(query: Query): void {
    const missed = this.#recent.slice(this.#requests.get(query.queryHash) ?? this.#recent.length);
    this.#end(query);
    for (const change of missed) {
      if (isListing(query.queryKey)) this.#applyToListing(query.queryKey, change, newest);
      else if (change.kind === "changed" && change.task.id === query.queryKey[1]) {
        this.client.setQueryData<Task>(query.queryKey, (task) => task && newest(task, change.task));
      }
    }
  }

  #end({ queryHash }: Query): void {
    this.#requests.delete(queryHash);
    if (this.#requests.size === 0) this.#recent = [];
  }

  #applyToListing(key: QueryKey, change: Change, choose: Choice): void {
    const view = key[VIEW] as View;
    const listing = this.client.getQueryData<Listing>(key);
    if (!listing) return;
    const next = applied(listing, view, change, choose);
    if (next !== listing) this.client.setQueryData<Listing>(key, next);
    // If the change made the total unknown, the listing is fetched again.
    const isUncounted = listing.pages[0]?.total !== undefined && next.pages[0]?.total === undefined;
    if (isUncounted) void this.client.invalidateQueries({ queryKey: key, exact: true });
    // If a task that may belong to the listing was missing, the listing is requested again, unless
    // the task has just been added and its position is certain.
    const isMissing = change.kind !== "deleted" && !has(listing, change.task.id);
    if (isMissing && matchesFilter(change.task, view) && !(isPlain(view) && next !== listing)) {
      void this.client.invalidateQueries({ queryKey: key, exact: true });
    }
  }
}

type Choice = (known: Task, task: Task) => Task;

const isListing = (key: QueryKey): boolean => key[0] === keys.listings[0];
const isOfTasks = (key: QueryKey): boolean => isListing(key) || key[0] === keys.tasks[0];

/** Returns whether the position of a task depends on its creation time alone, and is thus fixed. */
const isPlain = ({ search, sort }: View): boolean =>
  search === "" && (sort === "newest" || sort === "oldest");

function applied(listing: Listing, view: View, change: Change, choose: Choice): Listing {
  if (change.kind === "deleted") {
    return has(listing, change.id)
      ? withReplaced(listing, change.id, () => undefined)
      : withUnknownTotal(listing);
  }
  const { kind, task } = change;
  if (has(listing, task.id)) {
    // The listing may already contain a later state of a task whose creation is only confirmed now.
    const pick = kind === "created" ? newest : choose;
    return withReplaced(listing, task.id, (known) => pick(known, task));
  }
  return matches(task, view) ? withAdded(listing, task, view) : listing;
}
