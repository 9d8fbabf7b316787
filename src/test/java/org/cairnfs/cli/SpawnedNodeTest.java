package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.node.MountRequest;
import org.cairnfs.node.home.Home;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class SpawnedNodeTest {
  private static final Home HOME = Home.at(Path.of("/var/lib/a home, ü"));

  /** As the node's JVM hands them over. */
  private static @Nullable SpawnedNode read(List<String> arguments) {
    return SpawnedNode.of(RawArguments.lastOf(new byte[0], arguments.toArray(String[]::new)));
  }

  private static void assertSurvives(SpawnedNode node) {
    assertThat(read(node.arguments()))
        .usingRecursiveComparison()
        .withEqualsForType(Path::equals, Path.class)
        .isEqualTo(node);
  }

  @Test
  void isReadAsItIsTold() {
    assertSurvives(new SpawnedNode(HOME, false, null));
    assertSurvives(new SpawnedNode(HOME, true, null));
    assertSurvives(new SpawnedNode(HOME, false, new MountRequest(Path.of("/mnt/=ü"), List.of())));
    MountRequest mount = new MountRequest(Path.of("/mnt"), List.of("ro,fsname=ü", "allow_other"));
    assertSurvives(new SpawnedNode(HOME, true, mount));
  }

  @Test
  void whatAPersonTypesIsNone() {
    List<String> told = new SpawnedNode(HOME, false, null).arguments();
    for (int length = 0; length < told.size(); length++) {
      assertThat(read(told.subList(0, length))).isNull();
    }
    assertThat(read(List.of("start", "--foreground", "--home", "/home"))).isNull();
  }

  @Test
  void anUnknownOptionIsNoMisunderstanding() {
    List<String> told = new ArrayList<>(new SpawnedNode(HOME, false, null).arguments());
    told.add("--colour");
    assertThatThrownBy(() -> read(told)).hasMessageContaining("--colour");
  }
}
