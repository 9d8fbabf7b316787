package org.cairnfs.store;

import org.jspecify.annotations.Nullable;

/** What a record says; the code is part of the format. */
enum RecordKind {
  /** Here is a blob; the payload is its bytes. */
  BLOB(1),
  /** The blob record at the place in the payload is dead. */
  TOMBSTONE(2);

  private final int code;

  RecordKind(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }

  static @Nullable RecordKind of(int code) {
    return switch (code) {
      case 1 -> BLOB;
      case 2 -> TOMBSTONE;
      default -> null;
    };
  }
}
