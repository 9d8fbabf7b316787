package org.cairnfs.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.cairnfs.node.MountRequest;
import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.rehearsal.VolumeRehearsal;
import org.cairnfs.proto.AdminMountRequest;
import org.cairnfs.proto.AdminRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Mounts the volume. */
@Command(
    name = "mount",
    description = {
      "Mount the volume at DIR and return when it is usable. Starts the node if it is not running.",
      "Options are those of mount.fuse(8): ro, noatime, nonempty, allow_other and others."
    })
final class MountCommand extends Subcommand {
  @Parameters(paramLabel = "DIR", description = "An empty directory.")
  private Path directory = Path.of("");

  @Option(names = "-o", paramLabel = "OPTIONS", description = "Mount options, separated by commas.")
  private List<String> options = new ArrayList<>();

  @Mixin
  private PassphraseOptions passphraseOptions = new PassphraseOptions();

  @Override
  public Integer call() throws OperatorException {
    Home home = home();
    home.requireInitialised();
    MountRequest request = MountRequest.of(directory, options);
    Optional<AdminClient> running = AdminClient.tryConnectPatiently(home);
    if (running.isEmpty()) {
      // The node looks at the mount point before it starts anything, so that a mistake leaves
      // nothing running.
      NodeProcess.start(cairn(), passphraseOptions, request);
      if (VolumeRehearsal.WANTED) {
        new WarmUp(request.directory()).run();
      }
      return OK;
    }
    try (AdminClient client = running.get()) {
      client.call(AdminRequest.newBuilder()
          .setMount(AdminMountRequest.newBuilder()
              .setDirectory(request.directory().toString())
              .addAllOptions(request.options())));
    }
    return OK;
  }
}
