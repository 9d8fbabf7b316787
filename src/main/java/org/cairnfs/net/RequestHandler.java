package org.cairnfs.net;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;

/**
 * Answers one type of message. Called on the executor it was registered with, for several requests
 * at a time and in no particular order; may block there.
 */
@FunctionalInterface
public interface RequestHandler {
  /**
   * Answers a request.
   *
   * @param peer who asks
   * @param body what it says; may be kept and read until the answer is there, not longer
   * @return the answer; completing it exceptionally is the same as throwing
   * @throws RefusedRequestException to tell the peer why not
   * @throws IOException if it cannot be done: the peer hears only that, the log here says why
   */
  CompletionStage<Reply> handle(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException;
}
