/** Folders and cgroups are named after a pod's uid, some with a word before it. */
const uidLengthMax = 128;
const uidPattern = /^[A-Za-z0-9][-A-Za-z0-9_.]*$/;

/**
 * What is wrong with a uid. A server makes them itself, but a manifest of a folder may name any; folders that are made, mounted
 * into and removed as root are named after it, so that it must be one plain part of a path.
 */
export function uidErrors(uid: string): string[] {
  if (uid.length > uidLengthMax) return [`must be no more than ${uidLengthMax} bytes`];
  if (uidPattern.test(uid)) return [];
  return ["must consist of alphanumeric characters, '-', '_' or '.', and must start with an alphanumeric character"];
}
