package org.cairnfs.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.cairnfs.node.MountRequest;
import org.cairnfs.node.Mounts;
import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminDone;
import org.cairnfs.proto.AdminRequest;
import org.cairnfs.proto.AdminUnmountRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Unmounts the volume. */
@Command(
    name = "umount",
    description =
        "Write everything to disk and unmount the volume from DIR. The node goes on running.")
final class UmountCommand extends Subcommand {
  @Parameters(paramLabel = "DIR", description = "Where the volume is mounted.")
  private Path directory = Path.of("");

  @Option(
      names = {"-f", "--force"},
      description = "Unmount although programs use it; their calls will fail.")
  private boolean force;

  @Override
  public Integer call() throws OperatorException {
    home().requireInitialised();
    Optional<AdminClient> running = AdminClient.tryConnectPatiently(home());
    if (running.isEmpty()) {
      detachStale();
      return OK;
    }
    try (AdminClient client = running.get()) {
      AdminDone done = client.call(AdminRequest.newBuilder()
          .setUnmount(AdminUnmountRequest.newBuilder()
              .setDirectory(MountRequest.resolve(directory).toString())
              .setForce(force)));
      if (!done.getNotice().isEmpty()) {
        console().note(done.getNotice());
      }
    }
    return OK;
  }

  /** Without a node there can still be the mount of one that died. */
  private void detachStale() throws OperatorException {
    if (!Mounts.detachStale(MountRequest.resolve(directory))) {
      throw new OperatorException(
          "the node of " + home() + " is not running, so nothing of it is mounted at " + directory,
          "Name the home of the node that mounted it with --home.");
    }
    console().note("detached what a node that died had left at " + directory);
  }
}
