package org.cairnfs.node.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HomeTest {
  @Test
  void theEnvironmentNamesTheHome() {
    assertThat(Home.byDefault(Map.of("CAIRN_HOME", "/some/where/../home")).root())
        .isEqualTo(Path.of("/some/home"));
  }

  @Test
  void withoutAWordItDependsOnTheUser() {
    Path root = Home.byDefault(Map.of("CAIRN_HOME", "", "HOME", "/home/ann")).root();
    assertThat(root).isIn(Path.of("/var/lib/cairn"), Path.of("/home/ann/.local/share/cairn"));
  }

  @Test
  void directoriesArePrivateWhateverTheUmask(@TempDir Path directory) throws IOException {
    Path made = directory.resolve("made");
    Home.createPrivateDirectory(made);
    assertThat(Files.getPosixFilePermissions(made)).isEqualTo(Home.DIRECTORY_MODE);
  }

  @Test
  void theSocketIsInTheHome(@TempDir Path directory) throws IOException {
    Home home = Home.at(directory);
    assertThat(SocketPlace.prepare(home))
        .isEqualTo(home.socket())
        .isEqualTo(directory.resolve("cairn.sock"));
    SocketPlace.remove(home);
  }

  @Test
  void aSocketWithALongPathIsElsewhereAndFound(@TempDir Path directory) throws IOException {
    Path root = Files.createDirectories(directory.resolve("x".repeat(60)).resolve("y".repeat(60)));
    Home home = Home.at(root);
    assertThat(home.socket()).isNull();

    Path first = SocketPlace.prepare(home);
    Files.createFile(first);
    assertThat(first.toString().length()).isLessThanOrEqualTo(Home.SOCKET_PATH_MAX_BYTES);
    assertThat(Files.getPosixFilePermissions(first.getParent())).isEqualTo(Home.DIRECTORY_MODE);
    assertThat(home.socket()).isEqualTo(first);

    Path second = SocketPlace.prepare(home);
    assertThat(second).isNotEqualTo(first);
    assertThat(first.getParent()).as("what the node before left").doesNotExist();

    SocketPlace.remove(home);
    assertThat(second.getParent()).doesNotExist();
    assertThat(home.socket()).isNull();
  }

  @Test
  void theLockIsHeldByOne(@TempDir Path directory) throws IOException, OperatorException {
    Home home = Home.at(directory);
    assertThat(HomeLock.isHeld(home)).isFalse();
    try (HomeLock lock = HomeLock.acquire(home)) {
      assertThat(HomeLock.isHeld(home)).isTrue();
      assertThatThrownBy(() -> HomeLock.acquire(home))
          .isInstanceOf(OperatorException.class)
          .hasMessage("the home " + directory + " is in use by pid " + lock.pid());
    }
    assertThat(HomeLock.isHeld(home)).isFalse();
    HomeLock.acquire(home).close();
    assertThat(home.pidFile()).doesNotExist();
  }
}
