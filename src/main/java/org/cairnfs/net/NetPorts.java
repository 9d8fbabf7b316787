package org.cairnfs.net;

import java.util.concurrent.ThreadFactory;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * What the transport takes from outside.
 *
 * @param threads makes the event loops' threads, and those that look names up
 * @param ticker nanoseconds since some moment, never going back
 * @param random for jitter only; thread-safe
 */
public record NetPorts(ThreadFactory threads, LongSupplier ticker, RandomGenerator random) {}
