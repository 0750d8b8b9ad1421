/** Keeps the numbered pods of stateful sets, and rolls new templates out from the highest number down. */
export { startStatefulSetController } from "./controller.ts";
