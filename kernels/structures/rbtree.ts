/**
 * A red-black tree over the arena's link arrays, with the same shapes after the same insertions and erasures
 * as the kernel's lib/rbtree.c: rebalancing after Cormen et al., "Introduction to Algorithms", chapter 13,
 * an erased inner node being replaced by its successor. Where a search visits areas in a corrupted order
 * (after a wrap), which one it visits first depends on these shapes.
 */
import { type Areas, NONE } from "../vmap/areas.ts";
import { walked } from "./walked.ts";

/** The links a tree needs; the arena of areas has them, and so may any other set of nodes. */
export type TreeLinks = Pick<Areas, "left" | "right" | "parent" | "red" | "root">;

/**
 * For trees whose nodes keep a value about their subtree (the kernel's augmented trees): updates that value where nodes
 * change places. What a new node changes is updated before it is linked.
 */
export interface Augment<Tree extends TreeLinks> {
  /** A rotation put `up` in the place of `node`, which now hangs below it. */
  turned(tree: Tree, node: number, up: number): void;
  /**
   * `node` is out of the tree, which is not yet rebalanced. `successor` is in its place, unless it is NONE. From
   * `lowest` up, which is the successor or a node below it, subtrees have lost a node.
   */
  erased(tree: Tree, node: number, lowest: number, successor: number): void;
}

function rotateLeft<Tree extends TreeLinks>(
  tree: Tree,
  node: number,
  augment: Augment<Tree> | undefined,
): void {
  const { left, right, parent } = tree;
  const up = right[node] as number;
  const middle = left[up] as number;
  right[node] = middle;
  if (middle !== NONE) parent[middle] = node;
  left[up] = node;
  replaceInParent(tree, node, up);
  parent[node] = up;
  if (augment !== undefined) augment.turned(tree, node, up);
}

function rotateRight<Tree extends TreeLinks>(
  tree: Tree,
  node: number,
  augment: Augment<Tree> | undefined,
): void {
  const { left, right, parent } = tree;
  const up = left[node] as number;
  const middle = right[up] as number;
  left[node] = middle;
  if (middle !== NONE) parent[middle] = node;
  right[up] = node;
  replaceInParent(tree, node, up);
  parent[node] = up;
  if (augment !== undefined) augment.turned(tree, node, up);
}

/** Hangs `other` (perhaps NONE) where `node` hangs. */
function replaceInParent(tree: TreeLinks, node: number, other: number): void {
  const above = tree.parent[node] as number;
  if (other !== NONE) tree.parent[other] = above;
  if (above === NONE) tree.root = other;
  else if (tree.left[above] === node) tree.left[above] = other;
  else tree.right[above] = other;
}

/** Links a new node as a leaf below `above` (NONE: the tree is empty), and rebalances. */
export function linkAndColour<Tree extends TreeLinks>(
  tree: Tree,
  node: number,
  above: number,
  asLeft: boolean,
  augment?: Augment<Tree>,
): void {
  const { left, right, parent, red } = tree;
  left[node] = NONE;
  right[node] = NONE;
  parent[node] = above;
  red[node] = 1;
  if (above === NONE) tree.root = node;
  else if (asLeft) left[above] = node;
  else right[above] = node;

  let here = node;
  let mother = parent[here] as number;
  while (mother !== NONE && red[mother] === 1) {
    walked.tree += 1;
    const grand = parent[mother] as number;
    const motherIsLeft = left[grand] === mother;
    const aunt = (motherIsLeft ? right[grand] : left[grand]) as number;
    if (aunt !== NONE && red[aunt] === 1) {
      red[aunt] = 0;
      red[mother] = 0;
      red[grand] = 1;
      here = grand;
      mother = parent[here] as number;
      continue;
    }
    if ((motherIsLeft ? right[mother] : left[mother]) === here) {
      if (motherIsLeft) rotateLeft(tree, mother, augment);
      else rotateRight(tree, mother, augment);
      mother = here;
    }
    red[mother] = 0;
    red[grand] = 1;
    if (motherIsLeft) rotateRight(tree, grand, augment);
    else rotateLeft(tree, grand, augment);
    break;
  }
  red[tree.root] = 0;
}

/** Takes a node out and rebalances. Its own links are left as they were. */
export function erase<Tree extends TreeLinks>(tree: Tree, node: number, augment?: Augment<Tree>): void {
  walked.tree += 1;
  const { left, right, parent, red } = tree;
  let child: number;
  let above: number;
  let removedRed: number;
  let successor = NONE;
  if (left[node] === NONE || right[node] === NONE) {
    child = (left[node] === NONE ? right[node] : left[node]) as number;
    above = parent[node] as number;
    removedRed = red[node] as number;
    replaceInParent(tree, node, child);
  } else {
    successor = right[node] as number;
    while (left[successor] !== NONE) {
      walked.tree += 1;
      successor = left[successor] as number;
    }
    child = right[successor] as number;
    removedRed = red[successor] as number;
    above = parent[successor] as number;
    if (above === node) {
      above = successor;
    } else {
      replaceInParent(tree, successor, child);
      right[successor] = right[node] as number;
      parent[right[successor] as number] = successor;
    }
    replaceInParent(tree, node, successor);
    left[successor] = left[node] as number;
    parent[left[successor] as number] = successor;
    red[successor] = red[node] as number;
  }
  if (augment !== undefined) augment.erased(tree, node, above, successor);
  if (removedRed === 0) rebalanceAfterErase(tree, child, above, augment);
}

/** `here` (perhaps NONE) is one black short on its side below `above`. */
function rebalanceAfterErase<Tree extends TreeLinks>(
  tree: Tree,
  node: number,
  mother: number,
  augment: Augment<Tree> | undefined,
): void {
  const { left, right, parent, red } = tree;
  let here = node;
  let above = mother;
  while (here !== tree.root && (here === NONE || red[here] === 0)) {
    walked.tree += 1;
    const isLeft = left[above] === here;
    let sibling = (isLeft ? right[above] : left[above]) as number;
    if (red[sibling] === 1) {
      red[sibling] = 0;
      red[above] = 1;
      if (isLeft) rotateLeft(tree, above, augment);
      else rotateRight(tree, above, augment);
      sibling = (isLeft ? right[above] : left[above]) as number;
    }
    const near = (isLeft ? left[sibling] : right[sibling]) as number;
    const far = (isLeft ? right[sibling] : left[sibling]) as number;
    const nearRed = near !== NONE && red[near] === 1;
    const farRed = far !== NONE && red[far] === 1;
    if (!nearRed && !farRed) {
      red[sibling] = 1;
      here = above;
      above = parent[here] as number;
      continue;
    }
    if (!farRed) {
      red[near] = 0;
      red[sibling] = 1;
      if (isLeft) rotateRight(tree, sibling, augment);
      else rotateLeft(tree, sibling, augment);
      sibling = near;
    }
    red[sibling] = red[above] as number;
    red[above] = 0;
    const outer = (isLeft ? right[sibling] : left[sibling]) as number;
    red[outer] = 0;
    if (isLeft) rotateLeft(tree, above, augment);
    else rotateRight(tree, above, augment);
    here = tree.root;
    break;
  }
  if (here !== NONE) red[here] = 0;
}

/** The next node in order, or NONE. */
export function next(tree: TreeLinks, node: number): number {
  return neighbour(tree.parent, tree.right, tree.left, node);
}

/** The previous node in order, or NONE. */
export function prev(tree: TreeLinks, node: number): number {
  return neighbour(tree.parent, tree.left, tree.right, node);
}

/** The node beside this one in order, on the side where `towards` leads. */
function neighbour(parent: Int32Array, towards: Int32Array, back: Int32Array, node: number): number {
  walked.tree += 1;
  let here = towards[node] as number;
  if (here !== NONE) {
    while (back[here] !== NONE) {
      walked.tree += 1;
      here = back[here] as number;
    }
    return here;
  }
  here = node;
  let above = parent[here] as number;
  while (above !== NONE && towards[above] === here) {
    walked.tree += 1;
    here = above;
    above = parent[here] as number;
  }
  return above;
}
