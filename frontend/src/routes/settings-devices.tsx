// Where somebody is signed in, and how to end that.

import { Button } from "../components/button";
import { Card } from "../components/card";
import { ProblemMessage } from "../components/problem-message";
import { Skeleton } from "../components/skeleton";
import type { Device } from "../lib/auth";
import { deviceName } from "../lib/device";
import { problemOf } from "../lib/problem";
import { useDevices, useRevokeDevice } from "../lib/use-devices";

const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function Devices({ session }: { session: string }) {
  const { data, error, refetch } = useDevices();
  const revoke = useRevokeDevice();
  return (
    <Card heading="Devices" intro="Everywhere you are signed in.">
      {!data && !error && <Skeleton />}
      {!data && error && (
        <ProblemMessage problem={problemOf(error)}>
          <Button look="quiet" className="mt-3" onClick={() => void refetch()}>
            Try again
          </Button>
        </ProblemMessage>
      )}
      {data && (
        <ul aria-label="Devices" className="-my-2 divide-y divide-line">
          {data.map((device) => (
            <DeviceRow
              key={device.token}
              device={device}
              isThis={device.token === session}
              isLeaving={revoke.isPending && revoke.variables === device.token}
              onRevoke={() => revoke.mutate(device.token)}
            />
          ))}
        </ul>
      )}
    </Card>
  );
}

interface RowProps {
  device: Device;
  isThis: boolean;
  isLeaving: boolean;
  onRevoke(): void;
}

function DeviceRow({ device, isThis, isLeaving, onRevoke }: RowProps) {
  const name = deviceName(device.userAgent);
  return (
    <li className="flex min-h-16 flex-wrap items-center justify-between gap-x-4 gap-y-2 py-3">
      <div>
        <p className="font-medium">{name}</p>
        <p className="text-sm text-muted">Since {time.format(device.since)}</p>
      </div>
      {isThis ? (
        <span className="rounded-full bg-tint px-3 py-1 text-sm font-medium text-accent">
          This device
        </span>
      ) : (
        <Button look="quiet" aria-disabled={isLeaving} onClick={onRevoke}>
          Sign out<span className="sr-only"> {name}</span>
        </Button>
      )}
    </li>
  );
}
