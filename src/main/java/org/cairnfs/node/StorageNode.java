package org.cairnfs.node;

import org.cairnfs.node.home.OperatorException;

/** Says what a node cannot do that keeps blobs and holds no key. */
final class StorageNode {
  /** A refusal; {@code what} says what was asked for. */
  static OperatorException refuse(String what) {
    return new OperatorException(
        "this is a storage node: it holds no key and cannot " + what,
        "Use a member of the cluster; `cairn peers` shows which nodes are members.");
  }

  private StorageNode() {}
}
