package org.cairnfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs mount-scripts/cairn, copied into a checkout of its own, on JDKs that only print. */
final class LauncherTest {
  private static final String NEEDED_BY_JDK_23 = "--sun-misc-unsafe-memory-access=allow";

  private @TempDir Path checkout;

  @BeforeEach
  void copyTheLauncher() throws IOException {
    Path scripts = Files.createDirectory(checkout.resolve("mount-scripts"));
    Files.copy(Path.of("mount-scripts/cairn"), scripts.resolve("cairn"));
    makeExecutable(scripts.resolve("cairn"));
    Files.createDirectory(checkout.resolve("target"));
    Files.createFile(checkout.resolve("target/cairn.jar"));
  }

  @Test
  void handsItsArgumentsToTheJar() throws Exception {
    Run run = launch(Map.of(), jdk("17.0.15"), "put", "a b", "*");
    assertThat(run.exitCode).isZero();
    assertThat(run.lines)
        .endsWith("-jar", checkout.toRealPath() + "/target/cairn.jar", "put", "a b", "*");
  }

  @Test
  void givesShortCommandsAJvmThatStartsFast() throws Exception {
    assertThat(launch(Map.of(), jdk("17.0.15"), "start", "x").lines)
        .contains("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        .doesNotContain("-XX:+UseG1GC");
  }

  @Test
  void givesTheNodeAJvmThatRunsFast() throws Exception {
    assertThat(launch(Map.of(), jdk("17.0.15"), "--home", "h", "start", "--foreground").lines)
        .contains("-Xmx512m", "-XX:+UseG1GC", "-XX:G1HeapRegionSize=8m")
        .doesNotContain("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");
  }

  @Test
  void givesFlagsOnlyToJvmsThatKnowThem() throws Exception {
    assertThat(launch(Map.of(), jdk("22"), "ls").lines).doesNotContain(NEEDED_BY_JDK_23);
    assertThat(launch(Map.of(), jdk("23.0.1"), "ls").lines).contains(NEEDED_BY_JDK_23);
  }

  @Test
  void letsNettyFreeItsBuffers() throws Exception {
    assertThat(launch(Map.of(), jdk("17.0.15"), "ls").lines)
        .contains("-Dio.netty.tryReflectionSetAccessible=true");
    assertThat(launch(Map.of(), jdk("25"), "ls").lines).contains("-Dio.netty.noUnsafe=false");
  }

  @Test
  void putsTheUsersFlagsLast() throws Exception {
    Map<String, String> more = Map.of("CAIRN_JAVA_OPTS", "-Xmx1g -Da=b");
    List<String> lines = launch(more, jdk("17.0.15"), "start", "--foreground").lines;
    assertThat(lines).containsSubsequence("-Xmx512m", "-Xmx1g", "-Da=b", "-jar");
  }

  @Test
  void worksThroughASymbolicLink() throws Exception {
    Path link = checkout.resolve("elsewhere");
    Files.createSymbolicLink(link, checkout.resolve("mount-scripts/cairn"));
    assertThat(run(Map.of(), jdk("17.0.15"), link, "ls").lines)
        .contains(checkout.toRealPath() + "/target/cairn.jar");
  }

  @Test
  void refusesAnOldJdk() throws Exception {
    Run run = launch(Map.of(), jdk("11.0.2"), "ls");
    assertThat(run.exitCode).isEqualTo(1);
    assertThat(run.text()).contains("CAIRN_JAVA_HOME", "JDK 17 or newer");
  }

  @Test
  void refusesAJdkThatIsNotThere() throws Exception {
    Run run = launch(Map.of(), checkout.resolve("nowhere"), "ls");
    assertThat(run.exitCode).isEqualTo(1);
    assertThat(run.text()).contains("nowhere is not a JDK 17 or newer");
  }

  @Test
  void saysHowToBuildWhatIsNotBuilt() throws Exception {
    Files.delete(checkout.resolve("target/cairn.jar"));
    Run run = launch(Map.of(), jdk("17.0.15"), "ls");
    assertThat(run.exitCode).isEqualTo(1);
    assertThat(run.text()).contains("is not built", "mvn -q -DskipTests package");
  }

  /** A directory that looks like a JDK of this version, whose java prints its arguments. */
  private Path jdk(String version) throws IOException {
    Path home = checkout.resolve("jdk-" + version);
    Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
    Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    makeExecutable(java);
    Files.writeString(
        home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
    return home;
  }

  private Run launch(Map<String, String> environment, Path jdk, String... arguments)
      throws IOException, InterruptedException {
    return run(environment, jdk, checkout.resolve("mount-scripts/cairn"), arguments);
  }

  private static Run run(
      Map<String, String> environment, Path jdk, Path launcher, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().remove("CAIRN_JAVA_OPTS");
    builder.environment().put("CAIRN_JAVA_HOME", jdk.toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    return new Run(process.exitValue(), output.lines().toList());
  }

  private static void makeExecutable(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private record Run(int exitCode, List<String> lines) {
    String text() {
      return String.join("\n", lines);
    }
  }
}
