/**
 * Devices of a machine that plugins tell of (GPUs and the like): who has registered, which of them are healthy, which
 * container has which, and whoever wants to know that. What a device is, is left to its plugin.
 */
export { type DeviceFacts, DeviceManager, type GivenDevices } from "./device-manager.ts";
