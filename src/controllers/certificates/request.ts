// Kept apart so that its library is loaded only when a request must be read.
import "reflect-metadata";
import { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from "@peculiar/x509";
import type { CertificateSigningRequest } from "../../api/types/index.ts";
import type { RequestFacts } from "./signers.ts";

const subjectAltName = "2.5.29.17";

export function readRequest({ spec }: CertificateSigningRequest): Pkcs10CertificateRequest {
  return new Pkcs10CertificateRequest(Buffer.from(spec.request, "base64").toString());
}

export function alternativeNames(asked: Pkcs10CertificateRequest): SubjectAlternativeNameExtension | null {
  const found = asked.getExtension(subjectAltName);
  return found instanceof SubjectAlternativeNameExtension ? found : null;
}

/** What a request asks for, as far as the signers' rules look at it. */
export function factsOf(request: CertificateSigningRequest): RequestFacts {
  const asked = readRequest(request);
  const items = alternativeNames(asked)?.names.items ?? [];
  const ofType = (type: string) => items.filter((one) => one.type === type).map((one) => one.value);
  return {
    commonName: asked.subjectName.getField("CN")[0] ?? "",
    organizations: asked.subjectName.getField("O"),
    dnsNames: ofType("dns"),
    ipAddresses: ofType("ip"),
    emails: ofType("email"),
    uris: ofType("url"),
    usages: request.spec.usages ?? [],
  };
}
