package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.cairnfs.cli.SharedNames.Ask;
import org.cairnfs.cli.SharedNames.Kind;
import org.cairnfs.cli.SharedNames.Told;
import org.cairnfs.linear.Call;
import org.cairnfs.linear.Linearizability;

/**
 * Clients on several mounts that fight for the same few names, append to the same text, and store
 * files of their own, all in one directory, until they are to stop. What they were told must be
 * explicable: see {@link #verify}.
 *
 * <p>An answer that only says what was there may be an old one on a host without a quorum. So while
 * there is {@link #trouble} such answers count only if the client had a lock that it got during the
 * call.
 */
final class SharedWork implements AutoCloseable {
  private static final int CLIENTS_PER_MOUNT = 2;

  /** After so many calls other names and another text have their turn: histories stay short. */
  private static final int CALLS_PER_EPOCH = 80;

  /** So many calls is one worth that may have taken effect or not: each doubles the work. */
  private static final int CALLS_PER_LOST = 16;

  private static final String[] NAMES = {"a", "b", "c"};
  private static final List<Kind> KINDS =
      List.of(Kind.CREATE, Kind.LOOK, Kind.UNLINK, Kind.RENAME, Kind.LINK);
  private static final int FILE_KIB = 700;
  /** What fails may fail at once. */
  private static final int PAUSE_MILLIS = 100;

  private static final int PAUSE_WHEN_LOST_MILLIS = 1500;

  private static final int STOP_LIMIT_SECONDS = 240;

  /** A file that is on stable storage, as its client was told. */
  record Stored(String name, int kib) {}

  private final Random random;

  /** All calls, for people: those, too, of which nothing was learned. */
  private final PrintWriter record;

  private final List<SharedClient> clients = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Future<?>> running = new ArrayList<>();
  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicInteger lost = new AtomicInteger();
  private final Map<Integer, ConcurrentLinkedQueue<Call<Ask, Told>>> names =
      new ConcurrentHashMap<>();
  private final Map<Integer, ConcurrentLinkedQueue<Call<String, String>>> texts =
      new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<Stored> stored = new ConcurrentLinkedQueue<>();
  private final Map<String, AtomicInteger> answers = new ConcurrentHashMap<>();

  /** Counts beginnings and ends of trouble; odd while there is some. */
  private final AtomicInteger troubles = new AtomicInteger();

  private volatile boolean stopping;

  /**
   * Begins.
   *
   * @param directories one directory with a file "guard" in it, on each of the mounts
   * @param record a file for what each client was told, and when
   */
  SharedWork(List<Path> directories, long seed, Path record) throws IOException {
    random = new Random(seed);
    this.record = new PrintWriter(record.toFile(), StandardCharsets.US_ASCII);
    for (Path directory : directories) {
      for (int i = 0; i < CLIENTS_PER_MOUNT; i++) {
        clients.add(new SharedClient(directory));
      }
    }
    for (int i = 0; i < clients.size(); i++) {
      int number = i;
      long chance = random.nextLong();
      running.add(threads.submit(() -> {
        work(number, new Random(chance));
        return null;
      }));
    }
  }

  /** From now on until it is over, what a client sees may be old. */
  void trouble(boolean begins) {
    int now = troubles.incrementAndGet();
    assertThat(now % 2 == 1).isEqualTo(begins);
  }

  /** Calls answered so far. */
  int answered() {
    return calls.get();
  }

  private void work(int number, Random chance) throws InterruptedException {
    SharedClient client = clients.get(number);
    for (int i = 0; !stopping; i++) {
      int epoch = (calls.getAndIncrement() + lost.get() * CALLS_PER_LOST) / CALLS_PER_EPOCH;
      int kind = chance.nextInt(20);
      if (kind < 14) {
        name(client, number, epoch, chance);
      } else if (kind < 19) {
        append(client, number, epoch, "%d.%d;".formatted(number, i));
      } else {
        String name = "file-%d-%d".formatted(number, i);
        int kib = 1 + chance.nextInt(FILE_KIB);
        String answer = call(client, number, "store " + name + " " + kib);
        pauseAfter(answer);
        if (answer.startsWith("ok")) {
          stored.add(new Stored(name, kib));
        }
      }
    }
  }

  private void name(SharedClient client, int number, int epoch, Random chance)
      throws InterruptedException {
    Kind kind = KINDS.get(chance.nextInt(KINDS.size()));
    int first = chance.nextInt(NAMES.length);
    String name = NAMES[first];
    String other = NAMES[(first + 1 + chance.nextInt(NAMES.length - 1)) % NAMES.length];
    boolean two = kind == Kind.RENAME || kind == Kind.LINK;
    boolean guarded = chance.nextBoolean();
    String call = (guarded ? "+" : "") + kind.name().toLowerCase(Locale.ROOT) + " " + epoch + name
        + (two ? " " + epoch + other : "");

    int troublesBefore = troubles.get();
    long begin = System.nanoTime();
    String answer = call(client, number, call);
    long end = System.nanoTime();
    pauseAfter(answer);
    boolean isLost = isLost(answer);
    boolean fresh = guarded || (troublesBefore % 2 == 0 && troubles.get() == troublesBefore);
    if (answer.equals("away")
        || (onlyLooked(kind, answer) && (isLost || !fresh || kind == Kind.LINK))) {
      // Nothing was done, and nothing was learned. Of a link the kernel looks up both names, one
      // after the other, and says that there is none if the file was replaced since: always.
      return;
    }
    Ask ask = new Ask(calls.get() * clients.size() + number, kind, name, two ? other : "");
    names
        .computeIfAbsent(epoch, each -> new ConcurrentLinkedQueue<>())
        .addAll(SharedNames.steps(new Call<>(
            number, ask, isLost ? null : told(answer), begin, isLost ? Long.MAX_VALUE : end)));
  }

  private static boolean onlyLooked(Kind kind, String answer) {
    return kind == Kind.LOOK || answer.startsWith("errno");
  }

  private static Told told(String answer) {
    int space = answer.indexOf(' ');
    String value = answer.substring(space + 1);
    if (answer.startsWith("errno")) {
      return new Told(Integer.parseInt(value), 0);
    }
    assertThat(answer).startsWith("ok ");
    return new Told(0, value.isEmpty() ? 0 : Long.parseLong(value));
  }

  private void append(SharedClient client, int number, int epoch, String text)
      throws InterruptedException {
    long begin = System.nanoTime();
    String answer = call(client, number, "append text" + epoch + " " + text);
    long end = System.nanoTime();
    pauseAfter(answer);
    if (!answer.equals("away")) {
      boolean ok = answer.startsWith("ok");
      assertThat(ok || answer.startsWith("lost")).as(answer).isTrue();
      texts
          .computeIfAbsent(epoch, each -> new ConcurrentLinkedQueue<>())
          .add(new Call<>(
              number,
              text,
              ok ? answer.substring("ok ".length()) : null,
              begin,
              ok ? end : Long.MAX_VALUE));
    }
  }

  private String call(SharedClient client, int number, String call) throws InterruptedException {
    long begin = System.nanoTime();
    String answer = client.call(call);
    record.println(begin + " " + System.nanoTime() + " " + number + " " + call + ": " + answer);
    String kind = answer.startsWith("ok") ? "ok" : answer;
    answers.computeIfAbsent(kind, each -> new AtomicInteger()).incrementAndGet();
    if (isLost(answer)) {
      lost.incrementAndGet();
    }
    return answer;
  }

  private static boolean isLost(String answer) {
    return answer.startsWith("lost");
  }

  private static void pauseAfter(String answer) throws InterruptedException {
    if (isLost(answer)) {
      TimeUnit.MILLISECONDS.sleep(PAUSE_WHEN_LOST_MILLIS);
    } else if (answer.equals("away")) {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    }
  }

  /** Has the clients stop when their calls are answered. */
  void stop() throws Exception {
    stopping = true;
    for (Future<?> each : running) {
      each.get(STOP_LIMIT_SECONDS, TimeUnit.SECONDS);
    }
    record.flush();
  }

  /** Fails unless an order of the calls explains all answers. */
  void verify() {
    names.forEach((epoch, history) -> assertThat(
            Linearizability.violation(new SharedNames(), List.copyOf(history)))
        .as("the names of epoch %d", epoch)
        .isEmpty());
    texts.forEach((epoch, queue) -> {
      List<Call<String, String>> history = List.copyOf(queue);
      assertThat(Linearizability.violation(new SharedText(history), history))
          .as("the text of epoch %d", epoch)
          .isEmpty();
    });
  }

  /** Files of which clients were told that they are on stable storage. */
  List<Stored> stored() {
    return List.copyOf(stored);
  }

  /** How many answers there were of each kind. */
  @Override
  public String toString() {
    return answers.toString();
  }

  @Override
  public void close() {
    stopping = true;
    clients.forEach(SharedClient::close);
    threads.shutdownNow();
    record.close();
  }
}
