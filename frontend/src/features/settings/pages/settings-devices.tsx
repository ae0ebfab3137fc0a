// Lists the devices on which the user is signed in. All except this one can be signed out.

import { Button } from "../../../components/ui/button";
import { Card } from "../../../components/ui/card";
import { ProblemMessage } from "../../../components/ui/problem-message";
import { useRowFocus } from "../../../components/ui/row-focus";
import { Skeleton } from "../../../components/ui/skeleton";
import { formatTime, t } from "../../../lib/i18n";
import { notices } from "../../../lib/notices";
import { problemOf } from "../../../lib/problem";
import type { Device } from "../../auth/api/auth";
import { useRevokeDevices } from "../hooks/use-account-writes";
import { useDevices } from "../hooks/use-devices";
import { deviceName } from "../model/device";

export function Devices({ session }: { session: string }) {
  const { data, error, refetch } = useDevices();
  const devices = data && inOrder(data, session);
  const rowFocus = useRowFocus(data);
  const revoke = useRevokeDevices();

  function signOut(token?: string) {
    if (!revoke.isPending) revoke.mutate(token, { onError: sayProblem });
  }

  return (
    <Card heading={t().settings.devices} intro={t().settings.devicesIntro}>
      {!data && !error && <Skeleton />}
      {error && (
        <ProblemMessage problem={problemOf(error)}>
          <Button variant="quiet" className="mt-3" onClick={() => void refetch()}>
            {t().tryAgain}
          </Button>
        </ProblemMessage>
      )}
      {devices && (
        <ul aria-label={t().settings.devices} className="-my-2 divide-y divide-line" {...rowFocus}>
          {devices.map((device) => (
            <DeviceRow
              key={device.token}
              device={device}
              isThis={device.token === session}
              isLeaving={revoke.isPending && revoke.variables === device.token}
              onRevoke={() => signOut(device.token)}
            />
          ))}
        </ul>
      )}
      {devices && devices.length > 1 && (
        <div>
          <Button variant="quiet" aria-disabled={revoke.isPending} onClick={() => signOut()}>
            {t().settings.signOutAll}
          </Button>
        </div>
      )}
    </Card>
  );
}

/** Reports an error. The list, which is fetched again, shows whether devices were signed out. */
function sayProblem(error: unknown) {
  notices.show({ kind: "problem", text: problemOf(error).message });
}

/** Sorts the devices: this one first, then the others, most recently used first. */
function inOrder(devices: Device[], session: string): Device[] {
  const isThis = ({ token }: Device) => Number(token === session);
  return devices.toSorted(
    (a, b) => isThis(b) - isThis(a) || b.lastUsed.getTime() - a.lastUsed.getTime(),
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
        <p className="text-sm text-muted">
          {t().settings.lastUsed(formatTime(device.lastUsed), formatTime(device.since))}
        </p>
      </div>
      {isThis ? (
        <span className="rounded-full bg-tint px-3 py-1 text-sm font-medium text-accent">
          {t().settings.thisDevice}
        </span>
      ) : (
        <Button variant="quiet" data-control="revoke" aria-disabled={isLeaving} onClick={onRevoke}>
          {t().settings.signOutDevice}
          <span className="sr-only"> {name}</span>
        </Button>
      )}
    </li>
  );
}
