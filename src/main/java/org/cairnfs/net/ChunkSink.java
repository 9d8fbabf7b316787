package org.cairnfs.net;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Takes a stream's bytes, in order, one call at a time. As long as it does not return, the sender
 * waits once a window of bytes is under way.
 */
@FunctionalInterface
public interface ChunkSink {
  /**
   * Takes what arrived.
   *
   * @param chunk to be read before returning; it is used again afterwards
   * @throws IOException to give up the stream
   */
  void accept(ByteBuffer chunk) throws IOException;
}
