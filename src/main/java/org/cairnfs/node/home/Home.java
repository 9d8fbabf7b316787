package org.cairnfs.node.home;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The directory that holds all of one node's state, and what is where in it.
 *
 * <p>Immutable and thread-safe. Directories in it have mode 0700, files 0600.
 */
public final class Home {
  /** Names the home in the environment. */
  public static final String ENVIRONMENT_VARIABLE = "CAIRN_HOME";

  /** Mode of the home and of every directory in it. */
  public static final Set<PosixFilePermission> DIRECTORY_MODE =
      PosixFilePermissions.fromString("rwx------");

  /** Longest path a Unix socket can have: sun_path of unix(7) less the NUL. */
  static final int SOCKET_PATH_MAX_BYTES = 107;

  private final Path root;

  private Home(Path root) {
    this.root = root;
  }

  /** The home at that path, whether it exists or not. */
  public static Home at(Path root) {
    return new Home(root.toAbsolutePath().normalize());
  }

  /**
   * The home that is meant when no option names one: {@code CAIRN_HOME}, else /var/lib/cairn for
   * root and ~/.local/share/cairn for anybody else.
   */
  public static Home byDefault(Map<String, String> environment) {
    @Nullable String named = environment.get(ENVIRONMENT_VARIABLE);
    if (named != null && !named.isEmpty()) {
      return at(Path.of(named));
    }
    if (isSuperuser()) {
      return at(Path.of("/var/lib/cairn"));
    }
    return at(Path.of(
        environment.getOrDefault("HOME", System.getProperty("user.home")), ".local/share/cairn"));
  }

  private static boolean isSuperuser() {
    try {
      return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    } catch (IOException e) {
      return "root".equals(System.getProperty("user.name"));
    }
  }

  /** The home directory itself. */
  public Path root() {
    return root;
  }

  /** The configuration; a directory is a home if and only if it has one. */
  public Path config() {
    return root.resolve("cairn.properties");
  }

  /** The node's key pair. */
  public Path identityKey() {
    return root.resolve("identity.key");
  }

  /** The volume's master key, wrapped once for each way to open it. */
  public Path volumeSlots() {
    return root.resolve("volume.slots");
  }

  /** The key file that opens the volume, when there is one. */
  public Path volumeKey() {
    return root.resolve("volume.key");
  }

  /** Whom a node that joined was told of. */
  public Path knownNodes() {
    return root.resolve("known-nodes");
  }

  Path lockFile() {
    return root.resolve("lock");
  }

  Path pidFile() {
    return root.resolve("cairn.pid");
  }

  /** Blobs. */
  public Path segments() {
    return root.resolve("segments");
  }

  /** Where blobs are in the segments; can be rebuilt from them. */
  public Path index() {
    return root.resolve("index");
  }

  /** Blobs kept only because they were read lately; made when there are any. */
  public Path cached() {
    return root.resolve("cached");
  }

  /** The applied metadata. */
  public Path meta() {
    return root.resolve("meta");
  }

  /** The consensus log. */
  public Path raft() {
    return root.resolve("raft");
  }

  /** What was synced last and is on its way into the segments and the consensus log. */
  public Path journal() {
    return root.resolve("journal");
  }

  /** Where a node tries itself out while it mounts; there for moments only. */
  public Path rehearsal() {
    return root.resolve("rehearsal");
  }

  /** The log files. */
  public Path log() {
    return root.resolve("log");
  }

  /** Where the log is written now. */
  public Path logFile() {
    return log().resolve("cairn.log");
  }

  /** Directories that a home has from the start. */
  public List<Path> directories() {
    return List.of(segments(), index(), meta(), raft(), log());
  }

  /** Makes a directory of {@link #DIRECTORY_MODE}; its parent must exist. */
  public static void createPrivateDirectory(Path directory) throws IOException {
    Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(DIRECTORY_MODE));
    // The umask may have taken bits away.
    Files.setPosixFilePermissions(directory, DIRECTORY_MODE);
  }

  /** Whether this is a home already. */
  public boolean isInitialised() {
    return Files.exists(config(), LinkOption.NOFOLLOW_LINKS);
  }

  /** Fails, with what to do, unless this is a home. */
  public void requireInitialised() throws OperatorException {
    if (!isInitialised()) {
      throw new OperatorException(
          "there is no node in " + root,
          "Make one with `cairn init`, or name another home with --home.");
    }
  }

  /** The socket's place when its path fits in an address. */
  Path socketInHome() {
    return root.resolve("cairn.sock");
  }

  /** Names the socket's place when it is not in the home. */
  Path socketRecord() {
    return root.resolve("cairn.sock.path");
  }

  /** Whether a socket in this home has a path short enough to connect to. */
  boolean socketFits() {
    return socketInHome().toString().getBytes(StandardCharsets.UTF_8).length
        <= SOCKET_PATH_MAX_BYTES;
  }

  /**
   * Where a running node of this home listens for commands; null if the home's path is long and
   * none has ever run.
   */
  public @Nullable Path socket() throws IOException {
    if (socketFits()) {
      return socketInHome();
    }
    try {
      return Path.of(Files.readString(socketRecord()).strip());
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  @Override
  public String toString() {
    return root.toString();
  }
}
