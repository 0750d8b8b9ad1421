/**
 * Users of pods that are others outside of them (`hostUsers: false`): which IDs of the machine stand for those within each pod,
 * also after a restart of the kubelet. That the kernel maps them is the runtime's.
 */

export type { ProgramRunner } from "./kubelet-ids.ts";
export { UserNamespaceError, UserNamespaces, type UserNamespacesOptions } from "./user-namespaces.ts";
