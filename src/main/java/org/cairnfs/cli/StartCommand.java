package org.cairnfs.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.cairnfs.node.Daemon;
import org.cairnfs.node.MountRequest;
import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Starts the node of a home. */
@Command(
    name = "start",
    description = "Start the node in the background and return when it is ready.")
final class StartCommand extends Subcommand {
  @Option(names = "--foreground", description = "Be the node: run until `cairn stop` or SIGTERM.")
  private boolean foreground;

  @Option(
      names = "--mount",
      paramLabel = "DIR",
      description = "Mount the volume at DIR before saying that the node is ready.")
  private @Nullable Path mountDirectory;

  @Option(
      names = "--mount-options",
      paramLabel = "OPTIONS",
      description = "Options for --mount, separated by commas.")
  private List<String> mountOptions = new ArrayList<>();

  @Mixin
  private PassphraseOptions passphraseOptions = new PassphraseOptions();

  @Override
  public Integer call() throws OperatorException {
    @Nullable
    MountRequest mount =
        mountDirectory == null ? null : MountRequest.of(mountDirectory, mountOptions);
    if (!foreground) {
      return startInBackground(mount);
    }
    try (@Nullable Passphrase passphrase = NodeProcess.passphrase(cairn(), passphraseOptions)) {
      Daemon daemon = new Daemon(home(), Daemon.Logging.CONSOLE_TOO);
      daemon.run(passphrase, mount, NodeProcess.announceTo(console()));
    }
    return OK;
  }

  /** A node that is running is what was asked for, unless there is something to mount, too. */
  private int startInBackground(@Nullable MountRequest mount) throws OperatorException {
    Optional<AdminClient> running =
        mount == null ? AdminClient.tryConnectPatiently(home()) : Optional.empty();
    if (running.isPresent()) {
      try (AdminClient client = running.get()) {
        long pid = client.status().getPid();
        console().println("The node of " + home() + " is running already (pid " + pid + ").");
      }
    } else {
      long pid = NodeProcess.start(cairn(), passphraseOptions, mount);
      console().println("The node of " + home() + " is running (pid " + pid + ").");
    }
    return OK;
  }
}
