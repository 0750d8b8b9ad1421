/** The annotations by which controller, scheduler and provisioners speak of a binding. */
export const annotationsOfBinding = {
  /** On a claim: the binding was once complete; what is missing later is lost. */
  bindCompleted: "pv.kubernetes.io/bind-completed",
  /** On a claim or a volume: the controller chose the other side, so it may undo that. */
  boundByController: "pv.kubernetes.io/bound-by-controller",
  /** On a volume: the name of its provisioner. */
  provisionedBy: "pv.kubernetes.io/provisioned-by",
  /** On a claim: the provisioner that shall make a volume. */
  provisioner: "volume.kubernetes.io/storage-provisioner",
  provisionerBeta: "volume.beta.kubernetes.io/storage-provisioner",
  /** On a claim of a class that waits for its first consumer: the node that the scheduler chose. */
  selectedNode: "volume.kubernetes.io/selected-node",
  /** The class, from before there was a field for it. */
  classBeta: "volume.beta.kubernetes.io/storage-class",
} as const;
