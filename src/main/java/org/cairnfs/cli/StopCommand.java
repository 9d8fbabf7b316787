package org.cairnfs.cli;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminDone;
import org.cairnfs.proto.AdminRequest;
import org.cairnfs.proto.AdminStopRequest;
import picocli.CommandLine.Command;

/** Stops the node of a home. */
@Command(
    name = "stop",
    description = "Write everything to disk, unmount, stop the node, and return when it has ended.")
final class StopCommand extends Subcommand {
  private static final int END_SECONDS_MAX = 30;

  @Override
  public Integer call() throws OperatorException {
    home().requireInitialised();
    Optional<AdminClient> running = AdminClient.tryConnect(home());
    if (running.isEmpty()) {
      console().note("the node of " + home() + " is not running");
      return OK;
    }
    try (AdminClient client = running.get()) {
      AdminDone done =
          client.call(AdminRequest.newBuilder().setStop(AdminStopRequest.getDefaultInstance()));
      if (!done.getNotice().isEmpty()) {
        console().note(done.getNotice());
      }
      awaitEnd(done.getPid());
    }
    return OK;
  }

  /** The node has closed everything when it answers; its process ends a moment later. */
  private void awaitEnd(long pid) throws OperatorException {
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    try {
      if (process.isPresent()) {
        process.get().onExit().get(END_SECONDS_MAX, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException | java.util.concurrent.ExecutionException e) {
      throw new OperatorException(
          "the node has written everything to disk, but its process " + pid + " does not end",
          "End it with `kill -9 " + pid + "`; nothing will be lost.",
          e);
    }
  }
}
