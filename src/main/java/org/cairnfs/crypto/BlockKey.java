package org.cairnfs.crypto;

import javax.crypto.SecretKey;

/** The unwrapped key of one block: opens its frames. Immutable; shows nothing of itself. */
public final class BlockKey {
  private final SecretKey key;

  BlockKey(SecretKey key) {
    this.key = key;
  }

  SecretKey key() {
    return key;
  }

  @Override
  public String toString() {
    return "BlockKey[secret]";
  }
}
