import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { certificatesV1beta1 } from "../../types/index.ts";
import { checkDNSSubdomain, checkImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { checkSignerName } from "./signer-name.ts";

const specPath = root("spec");
const secondsDefault = 86_400;
const secondsMin = 3600;
const secondsMax = 91 * 86_400;

type Request = certificatesV1beta1.PodCertificateRequest;

export const podCertificateRequestStrategy: KindStrategy = {
  applyDefaults({ spec }: Request) {
    spec.maxExpirationSeconds ??= secondsDefault;
  },
  validate: (request: Request) => checkRequest(request),
  validateUpdate(request: Request, old: Request) {
    const out: FieldError[] = [];
    const shown = goValue(request.spec, "io.k8s.api.certificates.v1beta1.PodCertificateRequestSpec");
    checkImmutable(request.spec, old.spec, specPath, out, shown);
    return out;
  },
  selectableFields: ["spec.signerName", "spec.podName", "spec.nodeName"],
  fieldValue({ spec }: Request, field) {
    if (field === "spec.signerName") return spec.signerName;
    if (field === "spec.podName") return spec.podName;
    return field === "spec.nodeName" ? spec.nodeName : undefined;
  },
};

function checkRequest({ spec }: Request): FieldError[] {
  const out: FieldError[] = [];
  checkSignerName(spec.signerName, specPath.child("signerName"), out);
  for (const field of ["podName", "serviceAccountName", "nodeName"] as const) {
    checkDNSSubdomain(spec[field] ?? "", specPath.child(field), out);
  }
  for (const field of ["podUID", "serviceAccountUID", "nodeUID"] as const) {
    if (!spec[field]) out.push(fieldError.required(specPath.child(field), "must not be empty"));
  }
  const seconds = spec.maxExpirationSeconds;
  const path = specPath.child("maxExpirationSeconds");
  if (seconds === undefined) out.push(fieldError.required(path, "must be set"));
  else if (seconds < secondsMin || seconds > secondsMax) {
    out.push(fieldError.invalid(path, seconds, `must be in the range [${secondsMin}, ${secondsMax}]`));
  }
  return out;
}
