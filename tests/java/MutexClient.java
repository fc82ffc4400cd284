/*
 * MutexClient: a contender that uses Curator's InterProcessMutex or
 * LeaderSelector.  In each round it takes the lock, stays for a moment, stamps
 * begin and end of its stay as stamp.c does, and releases the lock.
 *
 * usage: java MutexClient CONNECT PATH ROUNDS FILE NAME [mutex|leader]
 *
 * HOLD_MS (1) and SESSION_MS (10000) in the environment change the length of a
 * stay and the session timeout.  The exit status is 0 after all rounds.
 */
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;

public class MutexClient {
	private final CuratorFramework client;
	private final String path;
	private final int rounds;
	private final FileChannel out;
	private final String name;
	private final int holdMs = setting("HOLD_MS", "1");

	private MutexClient(CuratorFramework client, String path, int rounds,
	    FileChannel out, String name) {
		this.client = client;
		this.path = path;
		this.rounds = rounds;
		this.out = out;
		this.name = name;
	}

	private static int setting(String name, String otherwise) {
		return Integer.parseInt(System.getenv().getOrDefault(name,
		    otherwise));
	}

	private void stamp(String what) throws IOException {
		/* System.nanoTime() is CLOCK_MONOTONIC on Linux. */
		String line = what + " " + System.nanoTime() + " " + name + "\n";
		ByteBuffer bytes = ByteBuffer.wrap(
		    line.getBytes(StandardCharsets.US_ASCII));

		if (out.write(bytes) != line.length())
			throw new IOException("short write");
	}

	private void stay() throws Exception {
		stamp("begin");
		Thread.sleep(holdMs);
		stamp("end");
	}

	private void mutex() throws Exception {
		InterProcessMutex mutex = new InterProcessMutex(client, path);

		for (int i = 0; i < rounds; i++) {
			mutex.acquire();
			try {
				stay();
			} finally {
				mutex.release();
			}
		}
	}

	private void leader() throws Exception {
		CompletableFuture<Void> done = new CompletableFuture<>();

		try (LeaderSelector selector = new LeaderSelector(client, path,
		    new LeaderSelectorListenerAdapter() {
			private int left = rounds;

			@Override
			public void takeLeadership(CuratorFramework c) {
				/* The selector may lead again until closed. */
				if (done.isDone())
					return;
				try {
					stay();
					if (--left == 0)
						done.complete(null);
				} catch (Exception e) {
					/* The selector would only log this. */
					done.completeExceptionally(e);
				}
			}
		})) {
			selector.autoRequeue();
			selector.start();
			done.get();
		}
	}

	public static void main(String[] args) throws Exception {
		String kind = args.length > 5 ? args[5] : "mutex";

		try (FileChannel out = FileChannel.open(Paths.get(args[3]),
		    StandardOpenOption.CREATE, StandardOpenOption.APPEND);
		    CuratorFramework client = CuratorFrameworkFactory.newClient(
		    args[0], setting("SESSION_MS", "10000"), 10000,
		    new ExponentialBackoffRetry(100, 5))) {
			MutexClient contender = new MutexClient(client, args[1],
			    Integer.parseInt(args[2]), out, args[4]);

			client.start();
			switch (kind) {
			case "mutex":
				contender.mutex();
				break;
			case "leader":
				contender.leader();
				break;
			default:
				throw new IllegalArgumentException(kind);
			}
		}
	}
}
