/** Binds claims to volumes, asks provisioners for volumes that are missing, and frees or reclaims what nobody claims any more. */
export { startPersistentVolumeController } from "./controller.ts";
