// The keys of queries and mutations.

export const keys = {
  /** Prefix of all listing keys. Each key contains the view at index `VIEW`. */
  listings: ["listing"],
  listing: (view: object) => ["listing", view],
  /** A listing that is loaded as a whole. */
  wholeListing: (view: object) => ["listing", view, "whole"],
  tasks: ["task"],
  task: (id: string) => ["task", id],
  devices: ["devices"],
  /** The settings of the deployment. */
  config: ["config"],
  /** A change of the account, such as "email" or "password". */
  accountWrite: (name: string) => ["account", name],
};

export const VIEW = 1;
