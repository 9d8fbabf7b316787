package org.cairnfs.node;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.OperatorException;
import org.jspecify.annotations.Nullable;

/**
 * A home in the making. The configuration is written last and makes the directory a home; until
 * then, closing removes all that was made. Not thread-safe.
 */
final class FreshHome implements AutoCloseable {
  private final Home home;

  /** What was made, the latest first. */
  private final Deque<Path> made = new ArrayDeque<>();

  private FreshHome(Home home) {
    this.home = home;
  }

  /** Makes sure that there can be a home there; changes nothing. */
  static void requirePossible(Home home) throws OperatorException {
    if (home.isInitialised()) {
      throw new OperatorException(
          "there is a node in " + home + " already",
          "Use it with `cairn mount DIR`, or name another home with --home.");
    }
    requireEmptyOrAbsent(home.root());
  }

  private static void requireEmptyOrAbsent(Path directory) throws OperatorException {
    if (!Files.exists(directory)) {
      return;
    }
    if (!Files.isDirectory(directory)) {
      throw new OperatorException(
          directory + " is not a directory", "Name another home with --home.");
    }
    try (DirectoryStream<Path> content = Files.newDirectoryStream(directory)) {
      if (content.iterator().hasNext()) {
        throw new OperatorException(
            directory + " is not empty and not a home",
            "Remove what is in it, or name another home with --home.");
      }
    } catch (IOException e) {
      throw DiskFailures.explain("cannot look into " + directory, e);
    }
  }

  /** Makes the directories, and the node's key pair. */
  static FreshHome make(Home home, NodeIdentity identity) throws IOException {
    FreshHome fresh = new FreshHome(home);
    boolean complete = false;
    try {
      fresh.makeDirectories();
      fresh.make(home.identityKey());
      identity.save(home.identityKey());
      complete = true;
      return fresh;
    } finally {
      if (!complete) {
        fresh.close();
      }
    }
  }

  private void makeDirectories() throws IOException {
    Path root = home.root();
    if (Files.exists(root)) {
      Files.setPosixFilePermissions(root, Home.DIRECTORY_MODE);
    } else {
      makeParents(Objects.requireNonNullElse(root.getParent(), root));
      make(root);
      Home.createPrivateDirectory(root);
    }
    for (Path directory : home.directories()) {
      make(directory);
      Home.createPrivateDirectory(directory);
    }
  }

  private void makeParents(Path directory) throws IOException {
    Deque<Path> missing = new ArrayDeque<>();
    for (@Nullable Path d = directory; d != null && !Files.exists(d); d = d.getParent()) {
      missing.push(d);
    }
    for (Path d : missing) {
      make(d);
      Files.createDirectory(d);
    }
  }

  /**
   * Notes what is about to be made, so that it can be removed even when making it fails half way.
   */
  void make(Path path) {
    made.push(path);
  }

  /** Makes it a home. */
  void complete(NodeConfig config) throws IOException {
    make(home.config());
    config.write(home);
    made.clear();
  }

  /**
   * Removes what was made, unless it is complete. The failure that led here is the one to tell of,
   * so those of removing are not.
   */
  @Override
  public void close() {
    for (Path path : made) {
      if (!path.toFile().delete() && Files.exists(path)) {
        path.toFile().deleteOnExit();
      }
    }
    made.clear();
  }
}
