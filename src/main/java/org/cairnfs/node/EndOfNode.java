package org.cairnfs.node;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.cairnfs.node.home.OperatorException;

/** Why a node has to end that nobody told to. Thread-safe. */
final class EndOfNode implements Consumer<OperatorException> {
  private final CompletableFuture<OperatorException> reason = new CompletableFuture<>();

  @Override
  public void accept(OperatorException why) {
    reason.complete(why);
  }

  /** Has it done, on a thread of its own, once there is a reason. */
  void then(Runnable task) {
    var unused = reason.thenRunAsync(
        task, command -> Threads.named("end").newThread(command).start());
  }
}
