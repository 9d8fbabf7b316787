package org.cairnfs.node.home;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.cairnfs.crypto.PrivateFiles;
import org.jspecify.annotations.Nullable;

/**
 * Where the node's socket goes: into the home, or, when the home's path is too long for a socket
 * address (unix(7): 108 bytes), into a private directory under /tmp that the file
 * {@code cairn.sock.path} in the home names.
 *
 * <p>For the holder of the home's lock only.
 */
public final class SocketPlace {
  private static final Path SHORT_PARENT = Path.of("/tmp");

  /** Prepares the place; what an earlier node left is removed. */
  public static Path prepare(Home home) throws IOException {
    remove(home);
    if (home.socketFits()) {
      return home.socketInHome();
    }
    Path directory = Files.createTempDirectory(
        SHORT_PARENT, "cairn-", PosixFilePermissions.asFileAttribute(Home.DIRECTORY_MODE));
    Path socket = directory.resolve("sock");
    PrivateFiles.replace(home.socketRecord(), socket + "\n");
    return socket;
  }

  /** Removes the socket, and the directory that was made for it. */
  public static void remove(Home home) throws IOException {
    @Nullable Path socket = home.socket();
    if (socket == null) {
      return;
    }
    Files.deleteIfExists(socket);
    if (!home.socketFits()) {
      try {
        Files.deleteIfExists(Objects.requireNonNull(socket.toAbsolutePath().getParent()));
      } catch (DirectoryNotEmptyException | NoSuchFileException e) {
        // Somebody else's by now: /tmp is cleaned at boot and the name may have been given away.
        Files.deleteIfExists(home.socketRecord());
        return;
      }
      Files.deleteIfExists(home.socketRecord());
    }
  }

  private SocketPlace() {}
}
