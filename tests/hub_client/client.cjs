// The Hub's official JavaScript client, at a test's command: node client.cjs PACKAGES_FOLDER COMMAND JSON
// Prints what came out as one line of JSON.
"use strict";
const fs = require("node:fs");
const path = require("node:path");

const [packages, command, text] = process.argv.slice(2);
const hub = require("node:module").createRequire(path.join(packages, "any.js"))("@huggingface/hub");
const given = JSON.parse(text);
const access = {hubUrl: given.hubUrl, accessToken: given.token};
const repo = {type: given.type, name: given.name};
console.debug = () => {};  // stdout is for the result

const collect = async (items) => {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
};

const commands = {
  whoAmI: async () => (await hub.whoAmI(access)).name,
  // Makes the repository and uploads a folder's files in one commit.
  upload: async () => {
    const made = await hub.createRepo({...access, repo});
    const operations = Object.entries(given.files).map(([name, file]) => ({
      operation: "addOrUpdate",
      path: name,
      content: new Blob([fs.readFileSync(file)]),
    }));
    const {commit} = await hub.commit({...access, repo, title: given.title, description: given.description, operations,
                                       parentCommit: given.parentCommit});
    return {made, commit: commit.oid};
  },
  // Puts every file of the repository into a folder, and says what the client saw. It cannot download empty files.
  download: async () => {
    const files = (await collect(hub.listFiles({...access, repo, recursive: true}))).filter(
        (entry) => entry.type === "file" && entry.size > 0);
    for (const file of files) {
      const content = await hub.downloadFile({...access, repo, path: file.path});
      const target = path.join(given.folder, file.path);
      fs.mkdirSync(path.dirname(target), {recursive: true});
      fs.writeFileSync(target, Buffer.from(await content.arrayBuffer()));
    }
    const infos = await hub.pathsInfo({...access, repo, paths: files.map((file) => file.path)});
    const commits = await collect(hub.listCommits({...access, repo}));
    return {
      sizes: Object.fromEntries(files.map((file) => [file.path, file.size])),
      large: infos.filter((info) => info.lfs).map((info) => info.path),
      titles: commits.map((commit) => commit.title),
      exists: await hub.repoExists({...access, repo}),
      has: await hub.fileExists({...access, repo, path: files[0].path}),
      lacks: !(await hub.fileExists({...access, repo, path: "no/such/file"})),
    };
  },
  // A model into a cache; gives the snapshot's folder.
  snapshot: () => hub.snapshotDownload({...access, repo, cacheDir: given.cache}),
};

commands[command]().then(
    (result) => console.log(JSON.stringify(result)),
    (error) => {
      console.error(String(error?.stack ?? error));
      process.exitCode = 1;
    });
