package org.cairnfs.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A program of its own that works in a directory of a mount: client.py says how to talk to it. A
 * process, so that it has locks of its own, and so that a call that never ends can be told of. For
 * one thread.
 */
final class SharedClient implements AutoCloseable {
  /** Longer than the limits of all that one call does take together: up to 30 s each. */
  private static final int LIMIT_SECONDS = 130;

  private static final String ENDED = "ended";

  private final Path directory;
  private final Process process;
  private final PrintWriter calls;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

  SharedClient(Path directory) throws IOException {
    this.directory = directory;
    process = new ProcessBuilder("python3", "src/test/resources/client.py", directory.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
    calls = new PrintWriter(new OutputStreamWriter(process.getOutputStream(), US_ASCII), true);
    Thread reader = new Thread(this::read, "answers from " + directory);
    reader.setDaemon(true);
    reader.start();
  }

  private void read() {
    try (BufferedReader said =
        new BufferedReader(new InputStreamReader(process.getInputStream(), US_ASCII))) {
      said.lines().forEach(answers::add);
    } catch (IOException | UncheckedIOException e) {
      // It was closed while it spoke.
    }
    answers.add(ENDED);
  }

  /** Makes a call; an answer that does not come in time is an error. */
  String call(String call) throws InterruptedException {
    calls.println(call);
    String answer = answers.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (answer == null) {
      throw new AssertionError("no answer in " + directory + " to: " + call);
    }
    if (answer.equals(ENDED)) {
      throw new AssertionError("the client in " + directory + " ended at: " + call);
    }
    return answer;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
