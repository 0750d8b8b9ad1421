/**
 * APIs of other servers behind this one (APIService): whether each can be used, what it serves, and how requests get there
 * in the name of who asks. Also the APIServices of what is served here.
 */
export { keepLocalServices } from "./local-services.ts";
export { AggregatingProxy } from "./proxy.ts";
export { delegatingHandler } from "./remote-handler.ts";
export { RemoteServers } from "./remote-servers.ts";
