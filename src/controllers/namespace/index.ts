/** Deletes what is in a namespace when the namespace is deleted. */
export { startNamespaceController } from "./controller.ts";
