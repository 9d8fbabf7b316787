package org.cairnfs.cli;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cairnfs.node.MountRequest;
import org.cairnfs.node.VolumeUnlock;
import org.cairnfs.node.admin.AdminFailures;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.HomeLock;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.cairnfs.proto.AdminFailure;
import org.jspecify.annotations.Nullable;

/**
 * The node as a process of its own: how a command starts it and hears that it is ready, or why not.
 *
 * <p>The node is this program again, as {@link SpawnedNode} and in a session of its own.
 */
final class NodeProcess {
  private static final String LAUNCHER_VARIABLE = "CAIRN_LAUNCHER";
  private static final Path SETSID = Path.of("/usr/bin/setsid");
  private static final int START_MINUTES_MAX = 15;
  private static final int OUTPUT_SHOWN_CHARS = 2000;

  /**
   * Starts the node of the home that the command means, and returns its pid once it is ready.
   *
   * @param mount what it mounts before it is ready; null for nothing
   */
  static long start(
      CairnCommand command, PassphraseOptions passphraseOptions, @Nullable MountRequest mount)
      throws OperatorException {
    Home home = command.home();
    NodeConfig.read(home);
    if (HomeLock.isHeld(home)) {
      throw HomeLock.inUse(home);
    }
    try (@Nullable Passphrase passphrase = passphrase(command, passphraseOptions)) {
      return spawn(
          home,
          command(command.environment(), new SpawnedNode(home, passphrase != null, mount)),
          passphrase);
    }
  }

  /**
   * The passphrase that the node needs: as the options say, asked for if nothing else opens the
   * volume, else null.
   */
  static @Nullable Passphrase passphrase(CairnCommand command, PassphraseOptions options)
      throws OperatorException {
    if (options.given()) {
      return options.read(command.console(), false);
    }
    return VolumeUnlock.needsPassphrase(command.home()) && Prompt.isPossible()
        ? Prompt.ask("Passphrase: ", false)
        : null;
  }

  private static long spawn(Home home, List<String> command, @Nullable Passphrase passphrase)
      throws OperatorException {
    File errors = home.log().resolve("cairn.err").toFile();
    ProcessBuilder builder = new ProcessBuilder(command)
        .directory(new File("/"))
        .redirectError(ProcessBuilder.Redirect.to(errors));
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw DiskFailures.explain("cannot start the node", e);
    }
    try (OutputStream input = process.getOutputStream()) {
      if (passphrase != null) {
        input.write(passphrase.bytes());
      }
    } catch (IOException e) {
      // It ended without reading; its output says why.
      return awaitReady(home, process, errors);
    }
    return awaitReady(home, process, errors);
  }

  private static List<String> command(Map<String, String> environment, SpawnedNode node)
      throws OperatorException {
    List<String> command = new ArrayList<>();
    if (Files.isExecutable(SETSID)) {
      command.add(SETSID.toString());
    }
    @Nullable String launcher = environment.get(LAUNCHER_VARIABLE);
    if (launcher == null) {
      throw new OperatorException(
          LAUNCHER_VARIABLE + " does not say how the node is started",
          "Run mount-scripts/cairn, not the jar; or use `start --foreground`.");
    }
    command.add(launcher);
    command.addAll(node.arguments());
    return command;
  }

  private static long awaitReady(Home home, Process process, File errors) throws OperatorException {
    CompletableFuture<@Nullable String> answer =
        CompletableFuture.supplyAsync(() -> readAnswer(process));
    @Nullable String line;
    try {
      line = answer.get(START_MINUTES_MAX, TimeUnit.MINUTES);
    } catch (TimeoutException e) {
      throw new OperatorException(
          "the node (pid " + process.pid() + ") is still starting after " + START_MINUTES_MAX
              + " minutes",
          home.logFile() + " says what it does.",
          e);
    } catch (ExecutionException e) {
      throw DiskFailures.explain(
          "cannot hear from the node", Objects.requireNonNullElse(e.getCause(), e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperatorException(
          "interrupted while the node was starting", "See `cairn status`.", e);
    }
    if (line != null && line.equals(SpawnedNode.READY)) {
      return process.pid();
    } else if (line != null) {
      throw decodeFailure(line.substring(SpawnedNode.FAILED.length()));
    }
    throw new OperatorException(
        "the node ended while it was starting" + lastOutput(errors),
        "See " + home.logFile() + " for more.");
  }

  private static @Nullable String readAnswer(Process process) {
    try (BufferedReader output = new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
      @Nullable String line = output.readLine();
      while (line != null
          && !line.equals(SpawnedNode.READY)
          && !line.startsWith(SpawnedNode.FAILED)) {
        line = output.readLine();
      }
      return line;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static OperatorException decodeFailure(String base64) {
    try {
      return AdminFailures.toException(
          AdminFailure.parseFrom(Base64.getDecoder().decode(base64)));
    } catch (IOException | IllegalArgumentException e) {
      return new OperatorException("the node failed to start", "Its log says why.", e);
    }
  }

  private static String lastOutput(File errors) {
    try {
      String text =
          Files.readString(errors.toPath(), StandardCharsets.ISO_8859_1).strip();
      return text.isEmpty()
          ? ""
          : ":\n" + text.substring(Math.max(0, text.length() - OUTPUT_SHOWN_CHARS));
    } catch (IOException e) {
      return " and left nothing in " + errors;
    }
  }

  /** In a node that runs in the foreground: tells the person at the terminal. */
  static Runnable announceTo(Console console) {
    return () -> console.note(
        "the node is running (pid " + ProcessHandle.current().pid() + "); ^C stops it");
  }

  private NodeProcess() {}
}
