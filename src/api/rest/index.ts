/** How requests for resources look over HTTP: method, path, query and body. */
export { type HttpRequest, type RestOptions, type RestRequest, toHttpRequest } from "./http-request.ts";
