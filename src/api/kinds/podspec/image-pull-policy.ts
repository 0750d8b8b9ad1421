/** `Always` for the tag latest (also when it is not written), else `IfNotPresent`. A digest alone pins the image. */
export function defaultPullPolicy(image: string | undefined): "Always" | "IfNotPresent" {
  if (!image) return "IfNotPresent";
  const [name = "", digest] = image.split("@");
  if (name.length > nameCharactersMax || !reference.test(image)) return "IfNotPresent";
  const lastPart = name.slice(name.lastIndexOf("/") + 1);
  const colon = lastPart.indexOf(":");
  const tag = colon < 0 ? (digest === undefined ? "latest" : "") : lastPart.slice(colon + 1);
  return tag === "latest" ? "Always" : "IfNotPresent";
}

const nameCharactersMax = 255;

/**
 * A well-formed image reference: an ill-formed one has no tag, so that it is not pulled always. Between two parts of a
 * name something must stand, or there would be exponentially many ways to read a long word.
 */
const reference =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/;
