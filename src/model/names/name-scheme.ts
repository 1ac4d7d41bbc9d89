/**
 * How libraries name the tensors of a ResNet, as one table each. A scheme is recognised by names that every network of its kind has, wherever
 * in a file it stands, so that prefixes (`module.`, `state_dict.model.`) need no list.
 */

export interface NameScheme {
  /** Whose names they are, for messages. */
  readonly owner: string;
  /** Names that such a network has; a prefix before which both stand is where one is. */
  readonly anchors: readonly [string, string];
  /** torchvision's name of a tensor below the prefix; undefined where it has none. */
  rename(name: string): string | undefined;
}
