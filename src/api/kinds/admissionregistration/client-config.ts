import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Subdomain, isValidPortNum } from "../../meta/index.ts";
import type { admissionregistrationV1 } from "../../types/index.ts";

const desired = "; desired format: https://host[/path]";

/** Where a webhook is reached. */
export function checkClientConfig(
  config: admissionregistrationV1.WebhookClientConfig,
  path: FieldPath,
  out: FieldError[],
): void {
  const { url, service } = config;
  if ((url === undefined) === (service === undefined)) {
    out.push(fieldError.required(path, "exactly one of url or service is required"));
  } else if (url !== undefined) checkWebhookURL(url, path.child("url"), out);
  else if (service) checkWebhookService(service, path.child("service"), out);
}

/** The parts of a URL as Go reads it: nothing is asked of them. */
const urlParts = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^/?#@]*)@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

export function checkWebhookURL(text: string, path: FieldPath, out: FieldError[]): void {
  const [, scheme = "", user, host = "", , query, fragment] = urlParts.exec(text) ?? [];
  if (scheme !== "https") {
    out.push(fieldError.invalid(path, scheme, `'https' is the only allowed URL scheme${desired}`));
  }
  if (host === "") out.push(fieldError.invalid(path, host, `host must be specified${desired}`));
  if (user !== undefined) {
    out.push(fieldError.invalid(path, user, "user information is not permitted in the URL"));
  }
  if (fragment) out.push(fieldError.invalid(path, fragment, "fragments are not permitted in the URL"));
  if (query) out.push(fieldError.invalid(path, query, "query parameters are not permitted in the URL"));
}

export function checkWebhookService(
  service: admissionregistrationV1.ServiceReference,
  path: FieldPath,
  out: FieldError[],
): void {
  // The original complains of the name whichever of the two is missing.
  if (!service.name) out.push(fieldError.required(path.child("name"), ""));
  if (!service.namespace) out.push(fieldError.required(path.child("name"), ""));
  const { port, path: urlPath } = service;
  for (const message of port === undefined ? [] : isValidPortNum(port)) {
    out.push(fieldError.invalid(path.child("port"), port, `port is not valid: ${message}`));
  }
  if (urlPath !== undefined) checkURLPath(urlPath, path.child("path"), out);
}

function checkURLPath(urlPath: string, path: FieldPath, out: FieldError[]): void {
  if (urlPath === "/" || urlPath === "") return;
  if (urlPath === "//") {
    out.push(fieldError.invalid(path, urlPath, "segment[0] may not be empty"));
    return;
  }
  if (!urlPath.startsWith("/")) out.push(fieldError.invalid(path, urlPath, "must start with a '/'"));
  const steps = urlPath.slice(1).replace(/\/$/, "").split("/");
  for (const [i, step] of steps.entries()) {
    if (step === "") {
      out.push(fieldError.invalid(path, urlPath, `segment[${i}] may not be empty`));
      continue;
    }
    for (const message of isDNS1123Subdomain(step)) {
      out.push(fieldError.invalid(path, urlPath, `segment[${i}]: ${message}`));
    }
  }
}
