package org.cairnfs.net;

import org.jspecify.annotations.Nullable;

/** What a frame is; docs/protocol.md has their payloads. */
enum FrameType {
  HELLO(1),
  REQUEST(2),
  REPLY(4),
  CHUNK(5),
  END(6),
  FAILURE(7),
  CREDIT(8),
  CANCEL(9),
  KEEP_ALIVE(10);

  private static final FrameType[] BY_NUMBER = new FrameType[11];

  static {
    for (FrameType type : values()) {
      BY_NUMBER[type.number] = type;
    }
  }

  private final int number;

  FrameType(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  static @Nullable FrameType of(int number) {
    return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
  }
}
