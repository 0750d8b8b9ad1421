import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { VolumeAttachment, VolumeAttachmentSource, VolumeError } from "../../types/index.ts";
import { checkDNSSubdomain, checkImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkDriverName } from "./driver-name.ts";

const specPath = root("spec");
const statusPath = root("status");
const messageLengthMax = 1024;
const metadataBytesMax = 256 * 1024;

export const volumeAttachmentStrategy: KindStrategy = {
  validate: (attachment: VolumeAttachment) => checkAttachment(attachment),
  validateUpdate(attachment: VolumeAttachment, old: VolumeAttachment) {
    const out = checkAttachment(attachment);
    const shown = goValue(attachment.spec, "io.k8s.api.storage.v1.VolumeAttachmentSpec");
    checkImmutable(attachment.spec, old.spec, specPath, out, shown);
    return out;
  },
  updates: {
    status: { prepareForUpdate() {}, validateUpdate: (attachment: VolumeAttachment) => checkAttachment(attachment) },
  },
  table: {
    columns: [
      nameColumn,
      { name: "Attacher", type: "string", format: "name" },
      text("PV"),
      text("Node"),
      { name: "Attached", type: "boolean" },
      ageColumn,
    ],
    cells: (attachment: VolumeAttachment, now) => [
      nameOf(attachment),
      attachment.spec.attacher,
      attachment.spec.source.persistentVolumeName ?? "",
      attachment.spec.nodeName,
      attachment.status?.attached ?? false,
      ageOf(attachment, now),
    ],
  },
};

function checkAttachment({ spec, status }: VolumeAttachment): FieldError[] {
  const out: FieldError[] = [];
  checkDriverName(spec.attacher, specPath.child("attacher"), out);
  checkSource(spec.source ?? {}, specPath.child("source"), out);
  checkDNSSubdomain(spec.nodeName ?? "", specPath.child("nodeName"), out);
  const metadata = Object.entries(status?.attachmentMetadata ?? {});
  const size = metadata.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (size > metadataBytesMax) {
    out.push(fieldError.tooLong(statusPath.child("attachmentMetadata"), "", metadataBytesMax));
  }
  checkError(status?.attachError, statusPath.child("attachError"), out);
  checkError(status?.detachError, statusPath.child("detachError"), out);
  return out;
}

function checkSource(source: VolumeAttachmentSource, path: FieldPath, out: FieldError[]): void {
  const { inlineVolumeSpec, persistentVolumeName: name } = source;
  const oneOf = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (inlineVolumeSpec === undefined && name === undefined) out.push(fieldError.required(path, oneOf));
  else if (inlineVolumeSpec !== undefined && name !== undefined) out.push(fieldError.forbidden(path, oneOf));
  else if (name !== undefined) {
    const at = path.child("persistentVolumeName");
    if (name === "") out.push(fieldError.required(at, "must specify non empty persistentVolumeName"));
    checkDNSSubdomain(name, at, out);
  }
}

function checkError(error: VolumeError | undefined, path: FieldPath, out: FieldError[]): void {
  if ((error?.message ?? "").length > messageLengthMax) {
    out.push(fieldError.tooLong(path.child("message"), "", messageLengthMax));
  }
}
