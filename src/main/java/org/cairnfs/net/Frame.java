package org.cairnfs.net;

import io.netty.buffer.ByteBuf;

/**
 * A frame as it arrived. Whoever gets one releases its payload.
 *
 * @param payload of a length that is allowed for the type
 */
record Frame(FrameType type, long requestId, ByteBuf payload) {
  void release() {
    payload.release();
  }
}
