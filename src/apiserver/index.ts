// The API server owns everything between a request and the store: authentication, authorization, flow control, admission,
// the verbs, discovery and the HTTP listeners. It leaves what kinds are to api/, and keeping them to store/.
export * from "./request.ts";
