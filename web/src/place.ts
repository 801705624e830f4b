// Where columns of names stand in a window, in pixels.
import { type Box, isLane } from './layout.ts';

const rowHeight = 56;
const laneHeight = 18; // of what passes between nodes
const nodeHeight = 42;
const margin = 12;
const labelRoom = 130; // between columns, where the window allows
const narrowRoom = 112; // two columns and the beginning of the next calls are seen on a telephone

export interface Placed { boxes: Box[]; at: Map<string, Box>; width: number; height: number }

/** place gives each column its width and each node its box; lanes get their line. */
export function place(lists: string[][], names: string[], room: number): Placed {
  const n = Math.max(lists.length, 1);
  const nodeWidth = Math.round(Math.min(190, Math.max(108, (room - 2 * margin - (n - 1) * labelRoom) / n)));
  const least = room < 640 ? narrowRoom : 40; // small windows scroll anyway
  const gap = n === 1 ? 0 : Math.min(300, Math.max(least, (room - 2 * margin - n * nodeWidth) / (n - 1)));
  const rowOf = (name: string) => (isLane(name) ? laneHeight : rowHeight);
  const heights = lists.map((list) => list.reduce((sum, name) => sum + rowOf(name), 0));
  const width = Math.max(n * nodeWidth + (n - 1) * gap + 2 * margin, Math.min(room, 320));
  const left = Math.max(margin, (Math.max(width, room) - n * nodeWidth - (n - 1) * gap) / 2);
  const height = Math.max(...heights, rowHeight) + 2 * margin;
  const at = new Map<string, Box>();
  lists.forEach((list, c) => {
    let top = (height - heights[c]!) / 2;
    for (const name of list) {
      const own = isLane(name) ? 0 : nodeHeight;
      at.set(name, { x: Math.round(left + c * (nodeWidth + gap)), y: Math.round(top + (rowOf(name) - own) / 2), width: nodeWidth, height: own });
      top += rowOf(name);
    }
  });
  return { boxes: names.map((name) => at.get(name)!), at, width: Math.max(width, room), height };
}
