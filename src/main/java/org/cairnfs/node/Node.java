package org.cairnfs.node;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.cairnfs.proto.AdminStatus;
import org.jspecify.annotations.Nullable;

/**
 * A node that runs: its volume's filesystem, the mounts of it, and what it can tell about itself.
 *
 * <p>{@link Startup} has wired it. Thread-safe until closed.
 */
final class Node implements Closeable {
  private final Home home;
  private final NodeConfig config;
  private final Components components;
  private final @Nullable VolumeAccess access;
  private final Resources resources;

  /** @param access null in a storage node */
  Node(
      Home home,
      NodeConfig config,
      Components components,
      @Nullable VolumeAccess access,
      Resources resources) {
    this.home = home;
    this.config = config;
    this.components = components;
    this.access = access;
    this.resources = resources;
  }

  /**
   * Starts the node of a home whose lock this process holds.
   *
   * @param passphrase opens the volume; null if its key file does
   * @param mount what is going to be mounted first: nothing is touched if it cannot be; null for
   *     nothing
   * @param end told if the node may not go on
   * @throws OperatorException if it cannot; nothing is left open or mounted then
   */
  static Node start(
      Home home,
      NodeConfig config,
      @Nullable Passphrase passphrase,
      @Nullable MountRequest mount,
      EndOfNode end)
      throws OperatorException {
    Startup startup = new Startup(home, config, end);
    return startup.run(passphrase, mount);
  }

  /**
   * The volume.
   *
   * @param what was asked for, for the message if this node has no key
   */
  VolumeAccess volume(String what) throws OperatorException {
    VolumeAccess present = access;
    if (present == null) {
      throw StorageNode.refuse(what);
    }
    return present;
  }

  /** Other nodes. */
  ClusterCommands cluster() {
    return new ClusterCommands(components, config);
  }

  /** What the node does and holds at the moment. */
  AdminStatus status() {
    return new NodeStatus(home, config, components, access).read();
  }

  /** Ends all mounts; returns those that programs were using. */
  List<Path> unmountAll() {
    return access == null ? List.of() : access.mounts().endAll();
  }

  /** Puts everything on disk and closes it. The mounts must have ended. */
  @Override
  public void close() throws IOException {
    resources.close();
  }
}
