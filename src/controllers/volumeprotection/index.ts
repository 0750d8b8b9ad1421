/** Keeps claims that pods use, and volumes that are bound, from going when somebody deletes them: their finalizers. */
export { startPvcProtectionController } from "./claims.ts";
export { startVacProtectionController } from "./classes.ts";
export { startPvProtectionController } from "./volumes.ts";
