// The store owns revisions, compare-and-commit, history and watch: etcd's role. It knows nothing of kinds, users or HTTP.
export * from "./store.ts";
