import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Subdomain } from "../../meta/index.ts";

const subdomainLengthMax = 253;
const labelLengthMax = 63;
/** A domain, a namespace and a name, with what stands between them. */
const lengthMax = subdomainLengthMax + 1 + labelLengthMax + 1 + subdomainLengthMax;

/** `example.com/signer-name` */
export function checkSignerName(signer: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!signer) {
    out.push(fieldError.required(path, ""));
    return;
  }
  const [domain = "", name = "", ...more] = signer.split("/");
  if (more.length > 0 || !signer.includes("/")) {
    const detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    out.push(fieldError.invalid(path, signer, detail));
    return;
  }
  for (const message of isDNS1123Subdomain(domain)) out.push(fieldError.invalid(path, domain, message));
  if (domain.split(".").length < 2) {
    const detail = "should be a domain with at least two segments separated by dots";
    out.push(fieldError.invalid(path, domain, detail));
  }
  for (const label of name.split(".")) {
    for (const message of isDNS1123Subdomain(label)) {
      out.push(fieldError.invalid(path, label, `validating label "${label}": ${message}`));
    }
  }
  if (signer.length > lengthMax) out.push(fieldError.tooLong(path, signer, lengthMax));
}
