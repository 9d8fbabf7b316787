package org.cairnfs.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
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
  private static final Duration END_LIMIT = Duration.ofSeconds(30);
  private static final int LOOK_EVERY_MILLIS = 10;

  @Override
  public Integer call() throws OperatorException {
    home().requireInitialised();
    Optional<AdminClient> running = AdminClient.tryConnectPatiently(home());
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
      if (!done.getLoss().isEmpty()) {
        throw new OperatorException(
            "the node has ended, but its last changes may not be on disk: " + done.getLoss(),
            "See " + home().logFile() + " and the kernel's messages (dmesg) for what the disk has."
                + " What was synced before is kept; start the node again when the disk is well.");
      }
    }
    return OK;
  }

  /** The node has closed everything when it answers; its process ends a moment later. */
  private static void awaitEnd(long pid) throws OperatorException {
    long deadline = System.nanoTime() + END_LIMIT.toNanos();
    try {
      while (isRunning(pid)) {
        if (System.nanoTime() > deadline) {
          throw new OperatorException(
              "the node has written everything to disk, but its process " + pid + " does not end",
              "End it with `kill -9 " + pid + "`; nothing will be lost.");
        }
        TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Whether the process is there and not only waiting for its parent to take note of its end. It
   * has let go of its files when its last thread has.
   */
  private static boolean isRunning(long pid) {
    Path process = Path.of("/proc", Long.toString(pid));
    try (Stream<Path> threads = Files.list(process.resolve("task"))) {
      String stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
      int state = stat.lastIndexOf(')') + 2; // proc(5): the name before it may hold anything
      return threads.count() > 1 || stat.charAt(state) != 'Z';
    } catch (IOException | UncheckedIOException | StringIndexOutOfBoundsException e) {
      return false;
    }
  }
}
