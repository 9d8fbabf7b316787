package org.cairnfs.node;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.cairnfs.node.home.OperatorException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Why a node has to end that nobody told to. Thread-safe. */
final class EndOfNode implements Consumer<OperatorException> {
  private static final Logger LOG = LoggerFactory.getLogger(EndOfNode.class);

  private final CompletableFuture<OperatorException> reason = new CompletableFuture<>();

  @Override
  public void accept(OperatorException why) {
    if (reason.complete(why)) {
      LOG.error("the node ends: {}. {}", why.getMessage(), why.remedy());
    }
  }

  /** Has it done, on a thread of its own, once there is a reason. */
  void then(Runnable task) {
    var unused = reason.thenRunAsync(
        task, command -> Threads.named("end").newThread(command).start());
  }
}
