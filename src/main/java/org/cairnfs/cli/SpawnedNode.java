package org.cairnfs.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.cairnfs.node.Daemon;
import org.cairnfs.node.MountRequest;
import org.cairnfs.node.admin.AdminFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.jspecify.annotations.Nullable;

/**
 * A node that a command starts, {@code --home DIR start --foreground --spawned}, and what is said
 * between the two.
 *
 * <p>The passphrase goes over its standard input. On its standard output one line says
 * {@code ready} or {@code failed} with the failure in Base64; other lines there come from the JVM.
 * Only {@link NodeProcess} writes these arguments, so they are read here, as they were written: an
 * option parser takes a JVM that has just started a tenth of a second.
 *
 * @param hasPassphrase whether one comes over standard input
 * @param mount what it mounts before it is ready; null for nothing
 */
record SpawnedNode(
    Home home, boolean hasPassphrase, @Nullable MountRequest mount) {
  static final String READY = "cairn-node ready";
  static final String FAILED = "cairn-node failed ";

  private static final String HOME = "--home";
  private static final List<String> COMMAND = List.of("start", "--foreground", "--spawned");
  private static final String PASSPHRASE = "--passphrase-file=-";
  private static final String MOUNT = "--mount=";
  private static final String MOUNT_OPTIONS = "--mount-options=";
  private static final Path STANDARD_INPUT = Path.of("-");

  /** How it is told on its command line. */
  List<String> arguments() {
    List<String> arguments = new ArrayList<>(List.of(HOME, home.toString()));
    arguments.addAll(COMMAND);
    if (hasPassphrase) {
      arguments.add(PASSPHRASE);
    }
    if (mount != null) {
      arguments.add(MOUNT + mount.directory());
      mount.options().forEach(options -> arguments.add(MOUNT_OPTIONS + options));
    }
    return arguments;
  }

  /**
   * The node that {@link #arguments} tell of; null if they are a person's.
   *
   * @param raw as {@link RawArguments} has them
   */
  static @Nullable SpawnedNode of(List<String> raw) {
    List<String> arguments = raw.stream().map(RawArguments::text).toList();
    int options = 2 + COMMAND.size();
    if (arguments.size() < options
        || !arguments.get(0).equals(HOME)
        || !arguments.subList(2, options).equals(COMMAND)) {
      return null;
    }
    boolean hasPassphrase = false;
    Path directory = null;
    List<String> mountOptions = new ArrayList<>();
    for (String option : arguments.subList(options, arguments.size())) {
      if (option.equals(PASSPHRASE)) {
        hasPassphrase = true;
      } else if (option.startsWith(MOUNT)) {
        directory = Path.of(option.substring(MOUNT.length()));
      } else if (option.startsWith(MOUNT_OPTIONS)) {
        mountOptions.add(option.substring(MOUNT_OPTIONS.length()));
      } else {
        throw new IllegalArgumentException("a spawned node knows no option " + option);
      }
    }
    MountRequest mount = directory == null ? null : new MountRequest(directory, mountOptions);
    return new SpawnedNode(Home.at(Path.of(arguments.get(1))), hasPassphrase, mount);
  }

  /** Is the node until it is told to stop; returns the exit code. */
  int run(Console console) {
    try (@Nullable
        Passphrase passphrase =
            hasPassphrase ? PassphraseOptions.readFile(STANDARD_INPUT, console) : null) {
      new Daemon(home, Daemon.Logging.FILE).run(passphrase, mount, () -> say(READY));
      return Subcommand.OK;
    } catch (OperatorException e) {
      byte[] failure = AdminFailures.toResponse(e).getFailure().toByteArray();
      say(FAILED + Base64.getEncoder().encodeToString(failure));
      return e.exitCode();
    } catch (RuntimeException e) {
      return CairnCommand.report(e, console);
    }
  }

  /**
   * The JDK leads a closed standard output to /dev/null, so nothing else can end up under its
   * descriptor.
   */
  private static void say(String line) {
    System.out.println(line);
    System.out.close();
  }
}
