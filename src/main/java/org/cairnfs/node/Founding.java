package org.cairnfs.node;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.cairnfs.crypto.KeyFile;
import org.cairnfs.crypto.KeySlots;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.crypto.PassphraseCost;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.NodeProfile;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.jspecify.annotations.Nullable;

/**
 * The making of a home: a new cluster of one node with a new, empty volume.
 *
 * <p>The configuration is written last and makes the directory a home; when anything fails before,
 * what was made is removed. Not thread-safe.
 */
public final class Founding {
  private final Home home;
  private final @Nullable ListenAddress listen;
  private final SecureRandom random = new SecureRandom();

  /** What was made, the latest first. */
  private final Deque<Path> made = new ArrayDeque<>();

  private Founding(Home home, @Nullable ListenAddress listen) {
    this.home = home;
    this.listen = listen;
  }

  /** Makes sure that there can be a home there; changes nothing. */
  public static Founding prepare(Home home, @Nullable ListenAddress listen)
      throws OperatorException {
    if (home.isInitialised()) {
      throw new OperatorException(
          "there is a node in " + home + " already",
          "Use it with `cairn mount DIR`, or name another home with --home.");
    }
    requireEmptyOrAbsent(home.root());
    if (listen != null) {
      listen.requireFree();
    }
    return new Founding(home, listen);
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

  /**
   * Makes the home.
   *
   * @param passphrase opens the volume from then on; null to make a key file that does
   */
  public void carryOut(@Nullable Passphrase passphrase) throws OperatorException {
    boolean complete = false;
    try {
      makeDirectories();
      makeKeys(passphrase);
      make(home.config());
      new NodeConfig(UUID.randomUUID(), UUID.randomUUID(), listen, List.of(), NodeProfile.DEFAULT)
          .write(home);
      complete = true;
    } catch (IOException e) {
      throw DiskFailures.explain("cannot make a home in " + home, e);
    } finally {
      if (!complete) {
        removeMade();
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

  private void makeKeys(@Nullable Passphrase passphrase) throws IOException {
    make(home.identityKey());
    NodeIdentity.generate(random).save(home.identityKey());
    try (MasterKey master = MasterKey.generate(random)) {
      KeySlots slots;
      if (passphrase != null) {
        slots = KeySlots.none()
            .withPassphrase(master, passphrase.bytes(), PassphraseCost.DEFAULT, random);
      } else {
        try (KeyFile keyFile = KeyFile.generate(random)) {
          make(home.volumeKey());
          keyFile.save(home.volumeKey());
          slots = KeySlots.none().withKeyFile(master, keyFile, random);
        }
      }
      make(home.volumeSlots());
      slots.save(home.volumeSlots());
    }
  }

  /**
   * Notes what is about to be made, so that it can be removed even when making it fails half way.
   */
  private void make(Path path) {
    made.push(path);
  }

  /** The failure that led here is the one to tell of, so those of removing are not. */
  private void removeMade() {
    for (Path path : made) {
      if (!path.toFile().delete() && Files.exists(path)) {
        path.toFile().deleteOnExit();
      }
    }
  }
}
