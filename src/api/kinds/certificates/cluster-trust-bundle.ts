import type { FieldError } from "../../meta/index.ts";
import { fieldError, isPathSegmentName, root } from "../../meta/index.ts";
import type { certificatesV1beta1 } from "../../types/index.ts";
import { checkImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { nameColumn, nameOf, none, text } from "../table/cells.ts";
import { isWholeSequence, pemBlocks } from "./pem.ts";
import { checkSignerName } from "./signer-name.ts";

const bundleBytesMax = 1024 * 1024;
const specPath = root("spec");

type Bundle = certificatesV1beta1.ClusterTrustBundle;

export const clusterTrustBundleStrategy: KindStrategy = {
  validateName: isPathSegmentName,
  validate: (bundle: Bundle) => checkBundle(bundle),
  validateUpdate(bundle: Bundle, old: Bundle) {
    const out = checkBundle(bundle);
    checkImmutable(bundle.spec.signerName, old.spec.signerName, specPath.child("signerName"), out);
    return out;
  },
  selectableFields: ["spec.signerName"],
  fieldValue: (bundle: Bundle, field) => (field === "spec.signerName" ? (bundle.spec.signerName ?? "") : undefined),
  table: {
    columns: [nameColumn, text("SignerName")],
    cells: (bundle: Bundle) => [nameOf(bundle), bundle.spec.signerName || none],
  },
};

function checkBundle({ metadata, spec }: Bundle): FieldError[] {
  const out: FieldError[] = [];
  const name = metadata.name ?? "";
  const namePath = root("metadata", "name");
  if (spec.signerName) {
    checkSignerName(spec.signerName, specPath.child("signerName"), out);
    const prefix = `${spec.signerName.replace("/", ":")}:`;
    if (!name.startsWith(prefix)) {
      const detail = `ClusterTrustBundle for signerName ${spec.signerName} must be named with prefix ${prefix}`;
      out.push(fieldError.invalid(namePath, name, detail));
    }
  } else if (name.includes(":")) {
    const detail = 'ClusterTrustBundle without signer name must not have ":" in its name';
    out.push(fieldError.invalid(namePath, name, detail));
  }
  checkCertificates(spec.trustBundle ?? "", out);
  return out;
}

function checkCertificates(bundle: string, out: FieldError[]): void {
  const path = specPath.child("trustBundle");
  if (Buffer.byteLength(bundle) > bundleBytesMax) {
    out.push(fieldError.tooLong(path, "", bundleBytesMax));
    return;
  }
  const blocks = pemBlocks(bundle);
  const shown = "<value omitted>";
  if (blocks.length === 0) out.push(fieldError.invalid(path, shown, "at least one trust anchor must be provided"));
  const seen = new Map<string, number>();
  for (const [i, { type, bytes }] of blocks.entries()) {
    if (type !== "CERTIFICATE") {
      out.push(fieldError.invalid(path, shown, `entry ${i} has bad block type: ${type}`));
      continue;
    }
    if (!isWholeSequence(bytes)) {
      out.push(fieldError.invalid(path, shown, `entry ${i} does not parse as X.509`));
      continue;
    }
    const text = bytes.toString("base64");
    const same = seen.get(text);
    if (same !== undefined) out.push(fieldError.invalid(path, shown, `entries ${same} and ${i} are duplicates`));
    else seen.set(text, i);
  }
}
