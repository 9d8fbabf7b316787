package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.RefusedRequestException;
import org.jspecify.annotations.Nullable;

/** A peer in memory that answers, fails, lies or keeps silent, as a test wants. */
final class FakePeer implements RemoteBlobs {
  enum Mood {
    WELL,
    DEAD,
    SILENT,
    LYING
  }

  final Map<BlobId, byte[]> blobs = new ConcurrentHashMap<>();
  final AtomicInteger puts = new AtomicInteger();
  final AtomicInteger holds = new AtomicInteger();
  final AtomicInteger gets = new AtomicInteger();
  final AtomicInteger suspicions = new AtomicInteger();

  /** What the messages keep in memory that it did not answer. */
  final AtomicLong unansweredBytes = new AtomicLong();

  /** What was asked in silence. */
  final Map<Runnable, CompletableFuture<?>> unanswered = new ConcurrentHashMap<>();

  volatile Mood mood = Mood.WELL;

  /** Takes no message with this blob. */
  volatile @Nullable BlobId refused;

  /** One for each node, this one among them. */
  static Map<NodeId, FakePeer> ofEach(FakeNodes nodes) {
    return nodes.nodes().stream().collect(Collectors.toMap(BlobNode::id, node -> new FakePeer()));
  }

  @Override
  public CompletableFuture<OptionalInt> hold(BlobId id) {
    holds.incrementAndGet();
    CompletableFuture<OptionalInt> answer = new CompletableFuture<>();
    answer(answer, () -> {
      byte[] blob = blobs.get(id);
      answer.complete(blob == null ? OptionalInt.empty() : OptionalInt.of(blob.length));
    });
    return answer;
  }

  @Override
  public CompletableFuture<Set<BlobId>> holdAll(List<BlobId> ids) {
    holds.incrementAndGet();
    CompletableFuture<Set<BlobId>> answer = new CompletableFuture<>();
    answer(answer, () -> {
      Set<BlobId> held = new HashSet<>(ids);
      if (held.contains(refused)) {
        answer.completeExceptionally(new IOException("refused"));
      } else {
        held.retainAll(blobs.keySet());
        answer.complete(held);
      }
    });
    return answer;
  }

  @Override
  public CompletableFuture<Boolean> put(BlobId id, ByteBuffer message) {
    puts.incrementAndGet();
    countIfSilent(message);
    CompletableFuture<Boolean> answer = new CompletableFuture<>();
    // Read only when it is answered: until then nobody may have changed it.
    answer(answer, () -> {
      byte[] blob = new byte[message.remaining() - BlobId.SIZE_BYTES];
      ByteBuffer read = message.duplicate();
      if (id.equals(refused)) {
        answer.completeExceptionally(new IOException("refused"));
      } else if (BlobId.read(read).equals(id) && Hashes.isBlob(id, read)) {
        read.get(blob);
        answer.complete(blobs.put(id, blob) == null);
      } else {
        answer.completeExceptionally(new IOException("the bytes have changed"));
      }
    });
    return answer;
  }

  @Override
  public CompletableFuture<Void> putAll(List<ByteBuffer> messages) {
    puts.incrementAndGet();
    messages.forEach(this::countIfSilent);
    ByteBuffer body = BlobMessages.encodeSeveral(messages);
    CompletableFuture<Void> answer = new CompletableFuture<>();
    answer(answer, () -> {
      try {
        Map<BlobId, ByteBuffer> sent = BlobMessages.readSeveral(body.duplicate());
        if (refused != null && sent.containsKey(refused)) {
          throw new RefusedRequestException(FailureCode.INVALID, "refused");
        }
        sent.forEach((id, bytes) -> {
          byte[] blob = new byte[bytes.remaining()];
          bytes.get(blob);
          blobs.put(id, blob);
        });
        answer.complete(null);
      } catch (RefusedRequestException e) {
        answer.completeExceptionally(e);
      }
    });
    return answer;
  }

  private void countIfSilent(ByteBuffer message) {
    unansweredBytes.addAndGet(mood == Mood.SILENT ? message.capacity() : 0);
  }

  @Override
  public CompletableFuture<Proof> prove(BlobId id) {
    CompletableFuture<Proof> answer = new CompletableFuture<>();
    answer(answer, () -> {
      byte[] blob = mood == Mood.LYING ? new byte[1] : blobs.get(id);
      if (blob == null) {
        answer.completeExceptionally(new IOException("no blob " + id));
      } else {
        answer.complete(new Proof(7, Hashes.proof(7, blob)));
      }
    });
    return answer;
  }

  @Override
  public Fetch get(BlobId id, int offset, int length) {
    gets.incrementAndGet();
    CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
    AtomicInteger arrived = new AtomicInteger();
    answer(answer, () -> {
      byte[] blob = blobs.get(id);
      if (blob == null) {
        answer.completeExceptionally(new IOException("no blob " + id));
        return;
      }
      byte[] part = Arrays.copyOfRange(blob, offset, offset + length);
      if (mood == Mood.LYING) {
        part[0]++;
      }
      arrived.set(length);
      answer.complete(ByteBuffer.wrap(part));
    });
    return new Fetch(arrived, answer);
  }

  @Override
  public void suspect(BlobId id) {
    suspicions.incrementAndGet();
  }

  private void answer(CompletableFuture<?> answer, Runnable completing) {
    switch (mood) {
      case WELL, LYING -> completing.run();
      case DEAD -> answer.completeExceptionally(new IOException("connection refused"));
      case SILENT -> unanswered.put(completing, answer);
    }
  }

  /** Fails what it was silent about, and everything from now on. */
  void die() {
    mood = Mood.DEAD;
    unanswered.values().forEach(each -> each.completeExceptionally(new IOException("reset")));
    unanswered.clear();
  }

  /** Answers what it was silent about, and is silent about what comes then. */
  void speakOnce() {
    for (Runnable each : List.copyOf(unanswered.keySet())) {
      unanswered.remove(each);
      each.run();
    }
  }

  /** Answers what it was silent about, and everything from now on. */
  void speak() {
    mood = Mood.WELL;
    unanswered.keySet().forEach(Runnable::run);
    unanswered.clear();
  }
}
